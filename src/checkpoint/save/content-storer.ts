import type { FileHandle } from "node:fs/promises";
import { type ChunkRef, type ContentPart, chunkHash } from "../format/chunk.ts";
import { type ChunkSizes, FILE_CHUNKS, chunkEnd } from "../format/chunker.ts";
import { CodecChoice, type EncodedChunk } from "./codec-choice.ts";
import { turn } from "./event-loop.ts";
import type { PackWriter } from "./pack-writer.ts";

/** A file is read in blocks of this size. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** So much of a buffer in memory is chunked before the event loop turns. */
const TURN_BYTES = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(FILE_CHUNKS.max);

/** Cuts contents into chunks and stores those that are new. */
export class ContentStorer {
  readonly #writer: PackWriter;
  readonly #signal: AbortSignal | undefined;
  /** Two read buffers: one is filled while the other is chunked. Kept from file to file. */
  #buffers: readonly [Buffer, Buffer] | undefined;
  #readBytes = 0;

  constructor(writer: PackWriter, signal: AbortSignal | undefined) {
    this.#writer = writer;
    this.#signal = signal;
  }

  /** Bytes of content that went through. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Stores bytes that lie in memory; they must not change until this resolves. */
  async storeBytes(bytes: Buffer, sparse: boolean): Promise<ContentPart[]> {
    const parts = new PartsBuilder(this.#writer, sparse);
    for (let start = 0; start < bytes.length; ) {
      const until = start + TURN_BYTES;
      const chunks: Uint8Array[] = [];
      while (start < bytes.length && start < until) {
        const end = chunkEnd(bytes, start, bytes.length, FILE_CHUNKS);
        chunks.push(bytes.subarray(start, end));
        start = end;
      }
      await parts.add(chunks);
      if (start < bytes.length) await turn();
    }
    this.#readBytes += bytes.length;
    return parts.finish();
  }

  /** Stores a stream of which only a part is in memory at a time. */
  storeStream(sizes: ChunkSizes): StreamStorer {
    return new StreamStorer(new PartsBuilder(this.#writer, false), sizes);
  }

  /** Stores what an open file holds, from its beginning to wherever it ends. One call at a time. */
  async storeFile(handle: FileHandle, sparse: boolean): Promise<ContentPart[]> {
    const parts = new PartsBuilder(this.#writer, sparse);
    this.#buffers ??= [newReadBuffer(), newReadBuffer()];
    let [current, next] = this.#buffers;
    let position = 0;
    let carried = 0; // bytes at the end of the block before that are not cut yet; they stand right before this block
    let length = await readBlock(handle, current, position);
    while (length > 0) {
      this.#signal?.throwIfAborted();
      position += length;
      const ahead = readBlock(handle, next, position);
      ahead.catch(() => undefined); // awaited below, unless storing the chunks fails first
      const cut = cutBlock(
        current,
        FILE_CHUNKS.max - carried,
        FILE_CHUNKS.max + length,
        length < BLOCK_BYTES,
      );
      await parts.add(cut.chunks);
      const nextLength = await ahead;
      carried = FILE_CHUNKS.max + length - cut.end;
      current.copy(next, FILE_CHUNKS.max - carried, cut.end, cut.end + carried);
      [current, next] = [next, current];
      this.#readBytes += length;
      length = nextLength;
      if (length === 0 && carried > 0) {
        await parts.add(cutBlock(current, FILE_CHUNKS.max - carried, FILE_CHUNKS.max, true).chunks);
      }
    }
    return parts.finish();
  }
}

/** Takes a stream in pieces. */
export class StreamStorer {
  readonly #parts: PartsBuilder;
  readonly #sizes: ChunkSizes;
  #rest: Buffer = Buffer.alloc(0);

  constructor(parts: PartsBuilder, sizes: ChunkSizes) {
    this.#parts = parts;
    this.#sizes = sizes;
  }

  /** Adds a piece. */
  async write(piece: Buffer): Promise<void> {
    const bytes = Buffer.concat([this.#rest, piece]);
    const cut = cutBlock(bytes, 0, bytes.length, false, this.#sizes);
    await this.#parts.add(cut.chunks);
    this.#rest = bytes.subarray(cut.end);
  }

  /** The chunks of the whole stream, in order. */
  async end(): Promise<readonly ChunkRef[]> {
    await this.#parts.add(cutBlock(this.#rest, 0, this.#rest.length, true, this.#sizes).chunks);
    return this.#parts.finish().filter((part) => typeof part !== "number");
  }
}

/** Room for one chunk that began in the block before, then a block. */
function newReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(FILE_CHUNKS.max + BLOCK_BYTES);
}

async function readBlock(handle: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let length = 0;
  while (length < BLOCK_BYTES) {
    const at = FILE_CHUNKS.max + length;
    const { bytesRead } = await handle.read(buffer, at, BLOCK_BYTES - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** All chunks that are sure to end where they do. Without `isLast` a chunk needs its full length at hand to be sure. */
function cutBlock(
  bytes: Buffer,
  start: number,
  end: number,
  isLast: boolean,
  sizes: ChunkSizes = FILE_CHUNKS,
): { readonly chunks: readonly Uint8Array[]; readonly end: number } {
  const chunks: Uint8Array[] = [];
  let at = start;
  const atHand = isLast ? 1 : sizes.max;
  while (end - at >= atHand) {
    const next = chunkEnd(bytes, at, end, sizes);
    chunks.push(bytes.subarray(at, next));
    at = next;
  }
  return { chunks, end: at };
}

/** Collects the parts of one content. */
class PartsBuilder {
  readonly #writer: PackWriter;
  readonly #sparse: boolean;
  readonly #codec = new CodecChoice();
  readonly #parts: ContentPart[] = [];

  constructor(writer: PackWriter, sparse: boolean) {
    this.#writer = writer;
    this.#sparse = sparse;
  }

  /** Stores the next chunks; those of one call are compressed side by side. */
  async add(chunks: readonly Uint8Array[]): Promise<void> {
    const steps = chunks.map((raw) => this.#prepare(raw));
    // All are awaited even if one fails: they read buffers that are used again.
    const outcomes = await Promise.allSettled(steps.map(({ encoded }) => Promise.resolve(encoded)));
    for (const [position, step] of steps.entries()) {
      const outcome = outcomes[position];
      if (outcome?.status === "rejected") throw outcome.reason;
      this.#push(await this.#store(step, outcome?.value));
    }
  }

  finish(): ContentPart[] {
    return this.#parts;
  }

  #prepare(raw: Uint8Array): PreparedChunk {
    if (this.#sparse && ZEROS.compare(raw, 0, raw.length, 0, raw.length) === 0) return { raw, hash: "hole" };
    const hash = chunkHash(raw);
    if (this.#writer.find(hash) !== undefined) return { raw, hash };
    return { raw, hash, encoded: this.#codec.choose(raw) };
  }

  async #store(step: PreparedChunk, encoded: EncodedChunk | undefined): Promise<ContentPart> {
    if (step.hash === "hole") return step.raw.length;
    const found: ChunkRef | undefined = this.#writer.find(step.hash);
    if (found !== undefined) return found;
    // Without an encoded form it was found before; what is found stays so while the save lasts.
    const { codec, stored } = encoded ?? { codec: "raw" as const, stored: step.raw };
    return this.#writer.add(step.hash, step.raw.length, codec, stored);
  }

  #push(part: ContentPart): void {
    const last = this.#parts.at(-1);
    if (typeof part === "number" && typeof last === "number")
      this.#parts[this.#parts.length - 1] = last + part;
    else this.#parts.push(part);
  }
}

interface PreparedChunk {
  readonly raw: Uint8Array;
  readonly hash: string;
  readonly encoded?: EncodedChunk | Promise<EncodedChunk>;
}
