import { randomBytes } from "node:crypto";
import type { ByteRange, StoreBytes, StoreKey } from "../store.ts";
import type { NewObject, SqlRow } from "./sql-executor.ts";

// How the bytes of an object lie in the tables: small ones in its own row, others in parts of one size.

/** A larger object is stored in parts. */
export const INLINE_BYTES = 64 * 1024;

/** The size of every part but the last. Permanent: the tables do not say it. */
export const PART_BYTES = 1024 * 1024;

/** The row and the parts of an object. The bytes are copied into memory of their own, which may be handed over. */
export function newObject(store: string, key: StoreKey, bytes: StoreBytes): NewObject {
  const whole = joined(bytes);
  const sizeBytes = whole.length;
  if (sizeBytes <= INLINE_BYTES) return { store, key, sizeBytes, value: whole, id: null, parts: [] };
  const parts: Uint8Array[] = [];
  for (let at = 0; at < sizeBytes; at += PART_BYTES) parts.push(whole.subarray(at, at + PART_BYTES));
  return { store, key, sizeBytes, value: null, id: randomBytes(16).toString("hex"), parts };
}

function joined(bytes: StoreBytes): Buffer {
  let length = 0;
  for (const piece of bytes) length += piece.length;
  // Not from Node's pool: what is handed to a worker leaves this thread together with the memory around it.
  const whole = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of bytes) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Which parts hold a range, and what of the first and the last of them. */
export interface PartRange {
  readonly first: number;
  /** Less than `first` when no byte is wanted. */
  readonly last: number;
  /** Where in the first part the range begins, from 1 as SQL counts. */
  readonly start: number;
  /** Where in the last part it has ended, from 1. */
  readonly stop: number;
}

/** Enough for any object, and an `integer` in every database. */
const ALL: PartRange = { first: 0, last: 1_000_000, start: 1, stop: PART_BYTES + 1 };

/** The parts of a range; of everything without one. */
export function partsOf(range: ByteRange | undefined): PartRange {
  if (range === undefined) return ALL;
  const first = Math.floor(range.offset / PART_BYTES);
  const lastByte = range.offset + range.length - 1;
  const last = range.length === 0 ? first - 1 : Math.floor(lastByte / PART_BYTES);
  if (first > ALL.last) return { ...ALL, first: 1, last: 0 };
  return {
    first,
    last: Math.min(last, ALL.last),
    start: range.offset - first * PART_BYTES + 1,
    stop: lastByte - last * PART_BYTES + 2,
  };
}

/** What of a value in the row a range asks for, as SQL's `substr` counts. */
export function substringOf(range: ByteRange | undefined): {
  readonly start: number;
  readonly length: number;
} {
  if (range === undefined) return { start: 1, length: INLINE_BYTES };
  return {
    start: Math.min(range.offset, INLINE_BYTES) + 1,
    length: Math.min(range.length, INLINE_BYTES),
  };
}

/**
 * The bytes that the rows of one read hold: columns `value`, or `number` and `bytes` in the order of the numbers. Where a
 * part is missing or cut off the object ends, as a cut-off file does: whoever reads compares hashes.
 */
export function bytesOfRows(rows: readonly SqlRow[], range: PartRange, into: Buffer | undefined): Buffer {
  const pieces: Uint8Array[] = [];
  let lengthBytes = 0;
  for (const row of rows) {
    const piece = row["bytes"] ?? row["value"];
    if (!(piece instanceof Uint8Array)) break;
    const number = row["number"] === null ? range.first : Number(row["number"]);
    if (number !== range.first + pieces.length) break;
    pieces.push(piece);
    lengthBytes += piece.length;
    const start = number === range.first ? range.start : 1;
    const stop = number === range.last ? range.stop : PART_BYTES + 1;
    if (piece.length < stop - start) break;
  }
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) {
    return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
  }
  const whole = into !== undefined && into.length >= lengthBytes ? into : Buffer.allocUnsafe(lengthBytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole.subarray(0, lengthBytes);
}
