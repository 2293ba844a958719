import { type ChunkHash, type ContentPart, chunkHash } from "../format/chunk.ts";
import { FILE_CHUNKS } from "../format/chunker.ts";
import type { Block, Span, Workshop } from "../workshop/workshop.ts";
import { CodecChoice } from "./codec-choice.ts";
import type { CutSpan } from "./old-cuts.ts";
import type { PackWriter } from "./pack-writer.ts";

const ZEROS = Buffer.alloc(FILE_CHUNKS.max);

/** Stands for the hash of a chunk of zeros in a sparse file, which is stored nowhere. */
const HOLE = "hole";

/** Stores the chunks of one content that are new, and collects the content's parts. */
export class PartsBuilder {
  readonly #writer: PackWriter;
  readonly #sparse: boolean;
  readonly #codec: CodecChoice;
  readonly #parts: ContentPart[] = [];
  /** What `addLater` has begun. */
  #storing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** `codec` is shared with contents that are likely to be alike; by default this one is sampled by itself. */
  constructor(writer: PackWriter, sparse: boolean, codec = new CodecChoice(writer.storeSpeed)) {
    this.#writer = writer;
    this.#sparse = sparse;
    this.#codec = codec;
  }

  /** Stores the next chunks; those of one call are compressed side by side. */
  async add(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#addAll(chunks.map((raw) => ({ raw, hash: this.#isHole(raw) ? HOLE : chunkHash(raw) })));
  }

  /** As `add`, for chunks whose hashes are known. */
  async addHashed(
    { bytes }: Block,
    spans: readonly Span[],
    hashes: readonly (ChunkHash | undefined)[],
  ): Promise<void> {
    await this.#addAll(
      spans.map(({ start, end }, at) => {
        const raw = bytes.subarray(start, end);
        return { raw, hash: this.#isHole(raw) ? HOLE : (hashes[at] ?? chunkHash(raw)) };
      }),
    );
  }

  /** As `add`, in its turn after earlier ones, while the caller goes on. Gives the block back. */
  addLater(workshop: Workshop, block: Block, spans: readonly CutSpan[]): void {
    const hashing = hashMissing(workshop, block, spans);
    const before = this.#storing;
    const store = async (): Promise<void> => {
      try {
        // Both, whatever becomes of one of them: afterwards the block is somebody else's.
        const [, hashed] = await Promise.allSettled([before, hashing]);
        this.throwFailure();
        if (hashed.status === "rejected") throw hashed.reason;
        await this.addHashed(block, spans, hashed.value);
      } catch (error) {
        this.#failure ??= { error };
      } finally {
        block.release();
      }
    };
    this.#storing = store();
  }

  /** Throws what has kept chunks from being stored, as soon as that is known. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The parts, once everything that was added later is stored. */
  async finishLater(): Promise<ContentPart[]> {
    await this.#storing;
    this.throwFailure();
    return this.#parts;
  }

  finish(): ContentPart[] {
    return this.#parts;
  }

  async #addAll(chunks: readonly { readonly raw: Uint8Array; readonly hash: ChunkHash }[]): Promise<void> {
    const encoded = chunks.map(({ raw, hash }) => {
      if (hash === HOLE || this.#writer.find(hash) !== undefined) return undefined;
      return this.#codec.choose(raw);
    });
    // All are awaited even if one fails: they read buffers that are used again.
    const promises = encoded.filter((one) => one instanceof Promise);
    if (promises.length > 0) await Promise.allSettled(promises);
    for (const [at, { raw, hash }] of chunks.entries()) {
      if (hash === HOLE) this.#push(raw.length);
      else {
        // Without an encoded form it was found before; what is found stays so while the save lasts.
        const one = encoded[at] ?? { codec: "raw" as const, stored: raw };
        const { codec, stored } = one instanceof Promise ? await one : one;
        const ref = this.#writer.addNow(hash, raw.length, codec, stored);
        this.#push(ref ?? (await this.#writer.add(hash, raw.length, codec, stored)));
      }
    }
  }

  #isHole(raw: Uint8Array): boolean {
    return this.#sparse && ZEROS.compare(raw, 0, raw.length, 0, raw.length) === 0;
  }

  #push(part: ContentPart): void {
    const last = this.#parts.at(-1);
    if (typeof part === "number" && typeof last === "number")
      this.#parts[this.#parts.length - 1] = last + part;
    else this.#parts.push(part);
  }
}

/** The names of all chunks, of which some are known. */
async function hashMissing(
  workshop: Workshop,
  block: Block,
  spans: readonly CutSpan[],
): Promise<readonly (ChunkHash | undefined)[]> {
  const missing = spans.filter(({ hash }) => hash === undefined);
  const bytes = missing.reduce((sum, { start, end }) => sum + end - start, 0);
  // A few among many that are known, as at the border of two blocks, would wait for the next blocks in the queue of a thread.
  const hashes =
    missing.length < spans.length && bytes <= FILE_CHUNKS.max
      ? missing.map(({ start, end }) => chunkHash(block.bytes.subarray(start, end)))
      : await workshop.hash(block, missing);
  let at = 0;
  return spans.map(({ hash }) => {
    if (hash !== undefined) return hash;
    at += 1;
    return hashes[at - 1];
  });
}
