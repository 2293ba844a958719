import { createHash } from "node:crypto";
import { type PackId, isNumberPair } from "../../base/index.ts";
import { damaged } from "./damage.ts";

/** The SHA-256 of a chunk's raw bytes as 64 lower-case hex digits: the chunk's name. */
export type ChunkHash = string;

/** Where a chunk lies in the store. */
export interface ChunkRef {
  readonly hash: ChunkHash;
  readonly rawBytes: number;
  readonly pack: PackId;
  /** Where the chunk's record begins in the pack. */
  readonly offset: number;
  /** Length of the record's data, without its header. */
  readonly storedBytes: number;
}

/** A file's content in order: chunks, and plain numbers for that many zero bytes that are stored nowhere (a hole). */
export type ContentPart = ChunkRef | number;

/** No reader has to take a chunk longer than this, whatever cut it. */
export const LONGEST_CHUNK_BYTES = 16 * 1024 * 1024;

/** The name of a chunk. The only place where content is hashed. */
export function chunkHash(raw: Uint8Array): ChunkHash {
  return createHash("sha256").update(raw).digest("hex");
}

/** As it stands in the file list and in the manifest: `[hash, rawBytes, pack, offset, storedBytes]`. */
export function chunkRefToJson(ref: ChunkRef): readonly [string, number, string, number, number] {
  return [ref.hash, ref.rawBytes, ref.pack, ref.offset, ref.storedBytes];
}

/** The text of `chunkRefToJson`: nothing in a reference needs escaping. */
export function chunkRefToText({ hash, rawBytes, pack, offset, storedBytes }: ChunkRef): string {
  return `["${hash}",${rawBytes},"${pack}",${offset},${storedBytes}]`;
}

/** @throws SpotproofError `checkpoint-damaged` when it is anything else than a chunk reference. */
export function chunkRefFromJson(value: unknown): ChunkRef {
  if (!Array.isArray(value) || value.length !== 5) throw damaged("A chunk reference has not five parts.");
  const [hash, rawBytes, pack, offset, storedBytes] = value as readonly unknown[];
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)) throw damaged("A chunk has no valid hash.");
  if (typeof pack !== "string" || !isNumberPair(pack)) throw damaged(`Chunk ${hash} names no valid pack.`);
  if (!isCount(rawBytes) || rawBytes === 0 || rawBytes > LONGEST_CHUNK_BYTES) {
    throw damaged(`Chunk ${hash} has an impossible length.`);
  }
  if (!isCount(offset) || !isCount(storedBytes) || storedBytes > 2 * LONGEST_CHUNK_BYTES) {
    throw damaged(`Chunk ${hash} lies at an impossible place.`);
  }
  return { hash, rawBytes, pack: pack as PackId, offset, storedBytes };
}

/** A whole number from 0 that JavaScript holds exactly. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
