import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { lengthOf } from "../bytes-length.ts";
import type { StoreBytes } from "../store.ts";

/** Bytes on their way to S3, with what a request says about them. */
export interface ObjectBody {
  readonly body: Uint8Array | Readable;
  readonly sizeBytes: number;
  /** The value of `x-amz-content-sha256`: the hash of the bytes, or the words for none. */
  readonly contentHash: string;
  /** The checksum that S3 compares with what arrived, and keeps. */
  readonly crc32: string;
}

/** Pieces that are smaller than this on average cost more to send one by one than to join. */
const WORTH_SENDING_ALONE_BYTES = 64 * 1024;

/**
 * What a request says of its body, which is copied only when it comes in many small pieces. The checksum finds bytes that
 * were damaged on their way. `signsContent`: so that nobody can change them there either, they are hashed as well, which
 * takes more time than all the rest of a request; TLS makes that needless.
 */
export function objectBody(bytes: StoreBytes, signsContent: boolean): ObjectBody {
  const sizeBytes = lengthOf(bytes);
  return {
    body: joinedOrStreamed(bytes, sizeBytes),
    sizeBytes,
    contentHash: signsContent ? sha256Of(bytes) : "UNSIGNED-PAYLOAD",
    crc32: crc32Of(bytes),
  };
}

/** CRC-32 (IEEE 802.3) as S3 writes it: base64 of four bytes, the highest first. */
export function crc32Of(bytes: StoreBytes): string {
  const value = Buffer.alloc(4);
  // Of no bytes at all zlib says 0, whatever came before.
  const pieces = bytes.filter(({ length }) => length > 0);
  value.writeUInt32BE(pieces.reduce((sum, piece) => crc32(piece, sum), 0));
  return value.toString("base64");
}

function sha256Of(bytes: StoreBytes): string {
  const hash = createHash("sha256");
  for (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
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
