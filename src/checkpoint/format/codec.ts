import zlib from "node:zlib";
import { SpotproofError } from "../../base/index.ts";
import { zstd } from "./compat.ts";
import { damaged } from "./damage.ts";

/** How a chunk's bytes are stored. */
export type Codec = "raw" | "gzip" | "zstd";

/** The number of each codec in a record's header. Permanent. */
const CODEC_NUMBERS = { raw: 0, gzip: 1, zstd: 2 } as const satisfies Record<Codec, number>;

/** The number of bytes that are stored as they are. */
export const RAW_CODEC: number = CODEC_NUMBERS.raw;

/** The byte that stands for a codec. */
export function codecNumber(codec: Codec): number {
  return CODEC_NUMBERS[codec];
}

/** The codec that compresses best for its time on this Node.js, and the share of a sample that it must leave at most. */
export const BEST_CODEC: { readonly codec: Exclude<Codec, "raw">; readonly worthwhileShare: number } =
  // What is compressed to save 8 % of floating-point weights makes the whole save take more than twice as long.
  zstd === undefined ? { codec: "gzip", worthwhileShare: 0.8 } : { codec: "zstd", worthwhileShare: 0.85 };

/** Compresses in a thread of Node's pool, at level 1. */
export function encode(codec: Exclude<Codec, "raw">, raw: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Buffer): void => (error ? reject(error) : resolve(result));
    if (codec === "gzip") zlib.gzip(raw, { level: 1 }, done);
    else available().compress(raw, available().level(1), done);
  });
}

/** How long the bytes would become. For samples: does its work at once. */
export function encodedBytes(codec: Exclude<Codec, "raw">, raw: Uint8Array): number {
  if (codec === "gzip") return zlib.gzipSync(raw, { level: 1 }).length;
  return available().compressSync(raw, available().level(1)).length;
}

/**
 * The raw bytes of a stored chunk; not yet verified against its hash.
 * @throws SpotproofError `checkpoint-damaged` when they cannot be decoded, `codec-unavailable` when this Node.js lacks the codec.
 */
export function decode(codec: number, stored: Uint8Array, rawBytes: number): Promise<Uint8Array> {
  if (codec === CODEC_NUMBERS.raw) return Promise.resolve(stored);
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, raw: Buffer): void => {
      if (error) reject(damaged(`A chunk cannot be decompressed: ${error.message}.`, error));
      else resolve(raw);
    };
    const options = { maxOutputLength: rawBytes };
    if (codec === CODEC_NUMBERS.gzip) zlib.gunzip(stored, options, done);
    else if (codec === CODEC_NUMBERS.zstd && zstd !== undefined) zstd.decompress(stored, options, done);
    else reject(unavailable(codec));
  });
}

function unavailable(codec: number): SpotproofError {
  const name = codec === CODEC_NUMBERS.zstd ? "zstd" : `number ${codec}`;
  return new SpotproofError("codec-unavailable", `Its codec is ${name}; this is Node.js ${process.version}.`);
}

function available(): NonNullable<typeof zstd> {
  if (zstd === undefined) throw unavailable(CODEC_NUMBERS.zstd);
  return zstd;
}
