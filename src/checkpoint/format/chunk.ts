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

/** Bytes that stand in the file list itself; at least one. */
export interface InlinePart {
  readonly inline: Uint8Array;
}

/**
 * A file's content in order: chunks, plain numbers for that many zero bytes that are stored nowhere (a hole), and bytes that
 * stand right here (format 2).
 */
export type ContentPart = ChunkRef | number | InlinePart;

/** Inline bytes of one list together; a reader has to take so many, and refuses more. */
export const MOST_INLINE_BYTES = 1024 * 1024;

/** Whether a part lies in a pack. */
export function isChunk(part: ContentPart): part is ChunkRef {
  return typeof part !== "number" && "hash" in part;
}

/** Whether a part's bytes stand in the list. */
export function isInline(part: ContentPart): part is InlinePart {
  return typeof part !== "number" && "inline" in part;
}

/** How much of the content a part is. */
export function partBytes(part: ContentPart): number {
  if (typeof part === "number") return part;
  return isInline(part) ? part.inline.length : part.rawBytes;
}

/** As it stands in the file list: a reference, a number, or base64. */
export function partToJson(part: ContentPart): unknown {
  if (typeof part === "number") return part;
  return isInline(part) ? base64(part) : chunkRefToJson(part);
}

/** The text of `partToJson`: nothing in it needs escaping. */
export function partToText(part: ContentPart): string {
  if (typeof part === "number") return String(part);
  return isInline(part) ? `"${base64(part)}"` : chunkRefToText(part);
}

function base64({ inline }: InlinePart): string {
  return Buffer.from(inline.buffer, inline.byteOffset, inline.length).toString("base64");
}

/** @throws SpotproofError `checkpoint-damaged` when it is no part. */
export function partFromJson(value: unknown): ContentPart {
  if (isCount(value)) return value;
  return typeof value === "string" ? inlineFromBase64(value) : chunkRefFromJson(value);
}

function inlineFromBase64(text: string): InlinePart {
  const inline = Buffer.from(text, "base64");
  // Node.js passes over what is no base64: only what it would write itself will do.
  if (inline.length === 0 || inline.toString("base64") !== text)
    throw damaged("Inline bytes are not base64.");
  return { inline };
}

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
