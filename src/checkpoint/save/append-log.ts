import type { ContentLog } from "../contents.ts";
import { type ChunkRef, type ContentPart, isChunk, isInline, partBytes } from "../format/chunk.ts";
import { isDamage } from "../format/damage.ts";
import { turn } from "./event-loop.ts";
import { Pieces } from "./pieces.ts";

/** A tail up to this length stands in the manifest of each save, which spares the pack. */
const TAIL_BYTES = 8 * 1024;
/** What is stored in chunks of this length, or up to twice as long, is not stored again. */
const SEALED_BYTES = 1024 * 1024;
/**
 * As soon as the chunks at the end that are shorter than one of these come to its length, they are stored again as one. So a
 * byte is stored three times at most, and at most 31 short chunks and 3 longer ones stand behind the sealed ones.
 */
const MERGED_BYTES = [SEALED_BYTES, 256 * 1024];

/** A part of a log that is durable. */
interface StoredPart {
  readonly part: ContentPart;
  /** Its bytes, while it is likely to be stored again and they did not come from a restore. */
  readonly bytes?: Buffer | undefined;
}

/** A log as it was when a save began. */
export interface LogMoment {
  readonly stored: readonly StoredPart[];
  /** What is not in chunks yet. */
  readonly tail: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** A log as a save stores it; the log adopts it when the save has succeeded. */
export interface SavedLog {
  readonly stored: readonly StoredPart[];
  /** What of the moment's tail stays a tail. */
  readonly tail: readonly Uint8Array[];
  readonly parts: readonly ContentPart[];
}

/** What storing a log takes. */
export interface LogStorage {
  /** Stores bytes as one chunk. */
  store(bytes: Buffer): Promise<ContentPart>;
  /** Reads a chunk back. */
  load(chunk: ChunkRef): Promise<Buffer>;
}

/** The log behind `ContentsSaver.openLog`. */
export class AppendLog implements ContentLog {
  readonly path: string;
  #stored: readonly StoredPart[];
  #tail: Uint8Array[] = [];
  /** Whether the last piece of the tail belongs to no moment yet. */
  #lastGrows = false;
  #sizeBytes: number;

  /** Goes on from the parts that a checkpoint has of it. */
  constructor(path: string, parts: readonly ContentPart[]) {
    this.path = path;
    const inlineFrom = parts.findLastIndex((part) => !isInline(part)) + 1;
    this.#stored = parts.slice(0, inlineFrom).map((part) => ({ part }));
    this.#tail = parts.slice(inlineFrom).flatMap((part) => (isInline(part) ? [part.inline] : []));
    this.#sizeBytes = sizeOf(parts);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#sizeBytes += bytes.length;
    const last = this.#tail.at(-1);
    // Records that lie one behind the other are one piece: a million small ones would take more memory than their bytes.
    if (this.#lastGrows && last !== undefined && isBehind(last, bytes)) {
      this.#tail[this.#tail.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + bytes.length,
      );
    } else this.#tail.push(bytes);
    this.#lastGrows = true;
  }

  /** The log as it is now. What is appended later belongs to the next save. */
  moment(): LogMoment {
    this.#lastGrows = false;
    return { stored: this.#stored, tail: [...this.#tail], sizeBytes: this.#sizeBytes };
  }

  /** What a save has made of a moment is durable. */
  adopt(moment: LogMoment, { stored, tail }: SavedLog): void {
    this.#stored = stored;
    this.#tail = [...tail, ...this.#tail.slice(moment.tail.length)];
  }
}

function isBehind(first: Uint8Array, second: Uint8Array): boolean {
  return first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset;
}

/** Stores a log, unless its tail is short enough for the manifest. Changes nothing of the log itself. */
export async function storeLog(moment: LogMoment, storage: LogStorage): Promise<SavedLog> {
  const { stored, tail } = moment;
  const tailBytes = new Pieces(tail).length;
  if (tailBytes <= TAIL_BYTES) {
    const rest = tailBytes === 0 ? [] : [new Pieces(tail).part(0, tailBytes)];
    const parts = [...stored.map(({ part }) => part), ...rest.map((inline) => ({ inline }))];
    return { stored, tail: rest, parts };
  }
  const merged = await bytesOf(toMerge(stored, tailBytes), storage);
  const pieces = new Pieces([...merged, ...tail]);
  const kept = stored.slice(0, stored.length - merged.length);
  const added: StoredPart[] = [];
  for (let at = 0; at < pieces.length; ) {
    const left = pieces.length - at;
    const bytes = pieces.part(at, left < 2 * SEALED_BYTES ? left : SEALED_BYTES);
    const part = await storage.store(bytes);
    added.push(bytes.length < SEALED_BYTES ? { part, bytes } : { part });
    at += bytes.length;
    await turn();
  }
  const all = [...kept, ...added];
  return { stored: all, tail: [], parts: all.map(({ part }) => part) };
}

/** The chunks at the end that are stored again together with a tail. */
function toMerge(stored: readonly StoredPart[], tailBytes: number): readonly StoredPart[] {
  for (const limit of MERGED_BYTES) {
    let begin = stored.length;
    let bytes = 0;
    while (begin > 0 && bytes < limit) {
      const { part } = stored[begin - 1] as StoredPart;
      if (typeof part === "number" || partBytes(part) >= limit) break;
      bytes += partBytes(part);
      begin -= 1;
    }
    if (bytes + tailBytes >= limit) return stored.slice(begin);
  }
  return [];
}

/** The bytes of the parts, or of those behind the last one that is damaged: that one is left where it lies. */
async function bytesOf(parts: readonly StoredPart[], storage: LogStorage): Promise<readonly Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (const { part, bytes } of [...parts].reverse()) {
    try {
      all.unshift(bytes ?? (isChunk(part) ? await storage.load(part) : inlineOf(part)));
    } catch (error) {
      if (isDamage(error)) break;
      throw error;
    }
  }
  return all;
}

function inlineOf(part: ContentPart): Uint8Array {
  return isInline(part) ? part.inline : new Uint8Array(0);
}

function sizeOf(parts: readonly ContentPart[]): number {
  return parts.reduce((sum: number, part) => sum + partBytes(part), 0);
}
