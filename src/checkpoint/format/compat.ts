import crypto from "node:crypto";
import zlib from "node:zlib";

// Reaches what newer Node.js versions have and our oldest one does not. The only file that asks.

type Transform = (
  bytes: Uint8Array,
  options: object,
  callback: (error: Error | null, result: Buffer) => void,
) => void;
type TransformSync = (bytes: Uint8Array, options: object) => Buffer;

interface NewerZlib {
  readonly zstdCompress?: Transform;
  readonly zstdCompressSync?: TransformSync;
  readonly zstdDecompress?: Transform;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
}

/** Zstandard as Node.js 22.15 and newer have it. */
export interface Zstd {
  readonly compress: Transform;
  readonly compressSync: TransformSync;
  readonly decompress: Transform;
  /** Options that choose a level. */
  level(level: number): object;
}

/** Zstandard, or undefined on a Node.js that has none. */
export const zstd: Zstd | undefined = detectZstd(zlib as NewerZlib);

function detectZstd(newer: NewerZlib): Zstd | undefined {
  const { zstdCompress, zstdCompressSync, zstdDecompress, constants } = newer;
  const key = constants.ZSTD_c_compressionLevel;
  if (!zstdCompress || !zstdCompressSync || !zstdDecompress || key === undefined) return undefined;
  return {
    compress: zstdCompress,
    compressSync: zstdCompressSync,
    decompress: zstdDecompress,
    level: (level) => ({ params: { [key]: level } }),
  };
}

type HashAtOnce = (algorithm: string, bytes: Uint8Array, encoding: "buffer") => Buffer;

const hashAtOnce = (crypto as { readonly hash?: HashAtOnce }).hash;

/** SHA-256 of a few bytes. Node.js 20.12 and newer have a way to it that makes no object. */
export const shortHash: (bytes: Uint8Array) => Buffer =
  hashAtOnce === undefined
    ? (bytes) => crypto.createHash("sha256").update(bytes).digest()
    : (bytes) => hashAtOnce("sha256", bytes, "buffer");
