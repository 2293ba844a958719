import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { StoreBytes } from "../store.ts";

/** Bytes on their way to S3, with what a request says about them. */
export interface ObjectBody {
  readonly body: Uint8Array | Readable;
  readonly sizeBytes: number;
  /** As the signature has it. */
  readonly sha256Hex: string;
  /** As the checksum has it. */
  readonly sha256Base64: string;
}

/** Pieces that are smaller than this on average cost more to send one by one than to join. */
const WORTH_SENDING_ALONE_BYTES = 64 * 1024;

/** How many bytes these are. */
export function sizeOf(bytes: StoreBytes): number {
  return bytes.reduce((sum, piece) => sum + piece.length, 0);
}

/** Hashes the bytes, in one pass, and copies them only when they come in many small pieces. */
export function objectBody(bytes: StoreBytes): ObjectBody {
  const hash = createHash("sha256");
  for (const piece of bytes) hash.update(piece);
  const digest = hash.digest();
  const sizeBytes = sizeOf(bytes);
  return {
    body: joinedOrStreamed(bytes, sizeBytes),
    sizeBytes,
    sha256Hex: digest.toString("hex"),
    sha256Base64: digest.toString("base64"),
  };
}

function joinedOrStreamed(bytes: StoreBytes, sizeBytes: number): Uint8Array | Readable {
  const [first] = bytes;
  if (first !== undefined && bytes.length === 1) return first;
  const isInLargePieces = sizeBytes >= bytes.length * WORTH_SENDING_ALONE_BYTES;
  if (sizeBytes === 0 || !isInLargePieces) return Buffer.concat(bytes);
  return Readable.from(bytes.filter((piece) => piece.length > 0));
}

/** The bytes from `from` to before `to`, without a copy. */
export function partOf(bytes: StoreBytes, from: number, to: number): StoreBytes {
  const part: Uint8Array[] = [];
  let begin = 0;
  for (const piece of bytes) {
    const end = begin + piece.length;
    if (end > from && begin < to)
      part.push(piece.subarray(Math.max(from - begin, 0), Math.min(to, end) - begin));
    begin = end;
  }
  return part;
}
