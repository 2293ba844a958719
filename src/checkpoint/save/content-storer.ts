import type { FileHandle } from "node:fs/promises";
import { SpotproofError } from "../../base/index.ts";
import { type ChunkRef, type ContentPart, isChunk } from "../format/chunk.ts";
import { type ChunkSizes, FILE_CHUNKS, chunkEnd } from "../format/chunker.ts";
import { openWorkshop } from "../workshop/open-workshop.ts";
import { BLOCK_BYTES, type Block, type Span, type Workshop } from "../workshop/workshop.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { CodecChoice } from "./codec-choice.ts";
import { turn } from "./event-loop.ts";
import { type CutSpan, type FoundChunks, OldCuts, findChunks } from "./old-cuts.ts";
import type { PackWriter } from "./pack-writer.ts";
import { PartsBuilder } from "./parts-builder.ts";

/** So much of a buffer in memory is chunked before the event loop turns. */
const TURN_BYTES = 4 * 1024 * 1024;

/** So many blocks are read, and looked through for old chunks, before they are cut. Leaves two for what comes after. */
const BLOCKS_AHEAD = 4;

/** So many endings of names are told apart. */
const MOST_ENDINGS = 1000;

/** Cuts contents into chunks and stores those that are new. */
export class ContentStorer {
  readonly #writer: PackWriter;
  readonly #signal: AbortSignal | undefined;
  #workshop: Workshop | undefined;
  /** Small files whose names end alike share their samples: one for each would take longer than all the rest. */
  readonly #codecs = new Map<string, CodecChoice>();
  /** The end of a block that is not cut yet, while the next block is read. */
  #carry: Buffer | undefined;
  #readBytes = 0;
  /** Most of the last block that was looked through was as before. */
  #mostlyOld = false;

  constructor(writer: PackWriter, signal: AbortSignal | undefined) {
    this.#writer = writer;
    this.#signal = signal;
  }

  /** Bytes of content that went through. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Says how much work is coming, so that there are as many hands as it is worth. */
  expect(bytes: number, files: number): Workshop {
    if (this.#workshop?.readFiles === undefined) {
      this.#workshop?.close("success");
      this.#workshop = openWorkshop(bytes, files, this.#writer.memory);
      this.#writer.workshop = this.#workshop;
    }
    return this.#workshop;
  }

  /** Ends what `expect` began. Nothing may be under way any more, or it fails. `outcome`: of everything that it was used for. */
  close(outcome: "success" | "failure"): void {
    this.#workshop?.close(outcome);
    this.#workshop = undefined;
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

  /** Stores contents that lie in a block, each cut and hashed by itself. The block must stay as it is meanwhile. */
  async storeInBlock(
    workshop: Workshop,
    block: Block,
    contents: readonly (Span & { readonly sparse: boolean; readonly path: PathBytes })[],
  ): Promise<readonly ContentPart[][]> {
    const cut = contents.map(({ start, end }) => cutBlock(block.bytes, start, end, true, workshop).spans);
    const hashes = await workshop.hash(block, cut.flat());
    const stored: ContentPart[][] = [];
    let at = 0;
    for (const [number, spans] of cut.entries()) {
      const { sparse = false, path = "" } = contents[number] ?? {};
      const parts = new PartsBuilder(this.#writer, sparse, this.#codecFor(path));
      await parts.addHashed(block, spans, hashes.slice(at, at + spans.length));
      at += spans.length;
      stored.push(parts.finish());
    }
    this.#readBytes += contents.reduce((sum, { start, end }) => sum + end - start, 0);
    return stored;
  }

  /** Stores bytes as one chunk, wherever others would be cut. */
  async storeChunk(bytes: Buffer, path: PathBytes): Promise<ContentPart> {
    const parts = new PartsBuilder(this.#writer, false, this.#codecFor(path));
    await parts.add([bytes]);
    this.#readBytes += bytes.length;
    const [part] = parts.finish();
    if (part === undefined)
      throw new SpotproofError("internal", "A chunk was stored and cannot be referred to.");
    return part;
  }

  /** Stores a stream of which only a part is in memory at a time. */
  storeStream(sizes: ChunkSizes): StreamStorer {
    return new StreamStorer(new PartsBuilder(this.#writer, false), sizes);
  }

  /**
   * Stores what an open file holds, from its beginning to wherever it ends. `before`: its parts when it was saved last, if it
   * was. One call at a time.
   */
  storeFile(handle: FileHandle, sparse: boolean, before?: readonly ContentPart[]): Promise<ContentPart[]> {
    return this.storeBlocks(
      async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
      sparse,
      before,
    );
  }

  /** As `storeFile`, for whatever can be read into blocks. */
  async storeBlocks(
    read: ReadContent,
    sparse: boolean,
    before?: readonly ContentPart[],
  ): Promise<ContentPart[]> {
    const workshop = this.expect(0, 0);
    const parts = new PartsBuilder(this.#writer, sparse);
    const old = new OldCuts(before, sparse);
    const ahead = [this.#readBlock(workshop, read, 0, old)];
    let position = 0;
    const readAhead = (): void => {
      while (ahead.length === 0 || (ahead.length < BLOCKS_AHEAD && old.hasAfter(position + BLOCK_BYTES))) {
        position += BLOCK_BYTES;
        ahead.push(this.#readBlock(workshop, read, position, old));
      }
    };
    try {
      let carried = 0; // bytes of the block before that are not cut yet; they come right before this one
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
        const { block, length, found } = await next;
        const isLast = length < BLOCK_BYTES;
        this.#restoreCarry(block, carried);
        // Before the cutting, which takes this thread: the next blocks are read meanwhile.
        if (!isLast) readAhead();
        const start = FILE_CHUNKS.max - carried;
        const cut = cutBlock(block.bytes, start, FILE_CHUNKS.max + length, isLast, workshop, found);
        carried = FILE_CHUNKS.max + length - cut.end;
        this.#keepCarry(block, cut.end, carried);
        this.#readBytes += length;
        parts.addLater(workshop, block, cut.spans);
        if (isLast) break;
        this.#signal?.throwIfAborted();
        parts.throwFailure();
      }
      return await parts.finishLater();
    } finally {
      // Blocks are memory that others use next: nothing may be reading into one, or out of it, any more.
      await Promise.allSettled([giveBack(ahead), parts.finishLater()]);
    }
  }

  /** Reads a block and looks for chunks that were there before: a first one, and all as long as most are found. */
  #readBlock(workshop: Workshop, read: ReadContent, position: number, old: OldCuts): Promise<ReadBlock> {
    const readAndLook = async (): Promise<ReadBlock> => {
      const { block, length } = await readBlock(workshop, read, position);
      const chunks = old.within(position, position + length).slice(0, this.#mostlyOld ? undefined : 1);
      try {
        const found = await findChunks(workshop, block, chunks, position, FILE_CHUNKS.max);
        if (chunks.length > 0) this.#mostlyOld = found.size * 2 >= chunks.length;
        return { block, length, found };
      } catch (error) {
        block.discard(); // a thread may still be reading it
        throw error;
      }
    };
    const reading = readAndLook();
    reading.catch(() => undefined); // told to whoever awaits it, which may be later than it fails
    return reading;
  }

  #codecFor(path: PathBytes): CodecChoice {
    const ending = /\.[^./]{1,16}$/.exec(path)?.[0] ?? "";
    let codec = this.#codecs.get(ending);
    if (codec === undefined) {
      codec = new CodecChoice(this.#writer.storeSpeed);
      if (this.#codecs.size < MOST_ENDINGS) this.#codecs.set(ending, codec);
    }
    return codec;
  }

  #keepCarry({ bytes }: Block, from: number, length: number): void {
    this.#carry ??= Buffer.allocUnsafeSlow(FILE_CHUNKS.max);
    bytes.copy(this.#carry, 0, from, from + length);
  }

  #restoreCarry({ bytes }: Block, length: number): void {
    this.#carry?.copy(bytes, FILE_CHUNKS.max - length, 0, length);
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
    const cut = cutBlock(bytes, 0, bytes.length, false, undefined, undefined, this.#sizes);
    await this.#parts.add(cut.spans.map(({ start, end }) => bytes.subarray(start, end)));
    this.#rest = bytes.subarray(cut.end);
  }

  /** The chunks of the whole stream, in order. */
  async end(): Promise<readonly ChunkRef[]> {
    const bytes = this.#rest;
    const { spans } = cutBlock(bytes, 0, bytes.length, true, undefined, undefined, this.#sizes);
    await this.#parts.add(spans.map(({ start, end }) => bytes.subarray(start, end)));
    return this.#parts.finish().filter(isChunk);
  }
}

/** Reads what comes at a position of a content into a buffer; gives how much that was, 0 at the end. */
export type ReadContent = (into: Buffer, position: number) => Promise<number>;

/** A block that was read; shorter than a block when the file ends in it, and then maybe empty. */
interface ReadBlock {
  readonly block: Block;
  readonly length: number;
  readonly found: FoundChunks;
}

async function readBlock(
  workshop: Workshop,
  read: ReadContent,
  position: number,
): Promise<Omit<ReadBlock, "found">> {
  const block = await workshop.takeBlock();
  try {
    let length = 0;
    while (length < BLOCK_BYTES) {
      const at = FILE_CHUNKS.max + length;
      const bytesRead = await read(
        block.bytes.subarray(at, FILE_CHUNKS.max + BLOCK_BYTES),
        position + length,
      );
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { block, length };
  } catch (error) {
    block.release();
    throw error;
  }
}

/** Gives back blocks that were read ahead and are not needed: the file has become shorter, or something has failed. */
async function giveBack(ahead: readonly Promise<ReadBlock>[]): Promise<void> {
  for (const reading of ahead) {
    // One after the other: later ones may be waiting for the blocks of earlier ones.
    const [read] = await Promise.allSettled([reading]);
    if (read.status === "fulfilled") read.value.block.release();
  }
}

/** All chunks that are sure to end where they do: without `isLast`, those that do not end just where the bytes at hand do. */
function cutBlock(
  bytes: Buffer,
  start: number,
  end: number,
  isLast: boolean,
  workshop: Workshop | undefined,
  found?: FoundChunks,
  sizes: ChunkSizes = FILE_CHUNKS,
): { readonly spans: readonly CutSpan[]; readonly end: number } {
  const spans: CutSpan[] = [];
  let at = start;
  while (at < end) {
    const old = found?.get(at);
    if (old !== undefined) {
      spans.push(old);
      at = old.end;
      continue;
    }
    const next = chunkEnd(bytes, at, end, sizes, workshop?.findCut);
    if (next === end && next - at < sizes.max && !isLast) break;
    spans.push({ start: at, end: next });
    at = next;
  }
  return { spans, end: at };
}
