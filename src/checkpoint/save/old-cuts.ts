import { type ChunkHash, type ContentPart, isChunk } from "../format/chunk.ts";
import type { Block, Span, Workshop } from "../workshop/workshop.ts";

/** A chunk in a block, and its name if that is known already. */
export interface CutSpan extends Span {
  readonly hash?: ChunkHash | undefined;
}

/** Chunks of before that lie in a block as they were, by where they begin in it. */
export type FoundChunks = ReadonlyMap<number, CutSpan>;

interface OldChunk extends Span {
  readonly hash: ChunkHash;
}

/**
 * Where a file was cut when it was saved before. Bytes that are the same from one cut to the next are cut in the same place
 * again, since the cutter looks at nothing else: so a chunk that still has its hash needs no cutting, and the list of chunks
 * is the one that cutting would have given. The last chunk is left out: it may have ended only because the file did.
 */
export class OldCuts {
  readonly #chunks: readonly OldChunk[];
  readonly #end: number;

  constructor(parts: readonly ContentPart[] | undefined, sparse: boolean) {
    const chunks: OldChunk[] = [];
    let start = 0;
    for (const part of parts ?? []) {
      if (!isChunk(part)) break;
      chunks.push({ start, end: start + part.rawBytes, hash: part.hash });
      start += part.rawBytes;
    }
    this.#chunks = sparse ? [] : chunks.slice(0, -1);
    this.#end = this.#chunks.at(-1)?.end ?? 0;
  }

  /** Whether there may be an old chunk from here on. */
  hasAfter(position: number): boolean {
    return position < this.#end;
  }

  /** The chunks that were wholly between two positions of the file. */
  within(from: number, until: number): readonly OldChunk[] {
    const first = firstWhere(this.#chunks, ({ start }) => start >= from);
    return this.#chunks.slice(
      first,
      firstWhere(this.#chunks, ({ end }) => end > until),
    );
  }
}

/** Which of the chunks of before are still there; `at` is where position `from` of the file lies in the block. */
export async function findChunks(
  workshop: Workshop,
  block: Block,
  chunks: readonly OldChunk[],
  from: number,
  at: number,
): Promise<FoundChunks> {
  if (chunks.length === 0) return new Map();
  const spans = chunks.map(({ start, end }) => ({ start: start - from + at, end: end - from + at }));
  const hashes = await workshop.hash(block, spans);
  const found = new Map<number, CutSpan>();
  for (const [number, span] of spans.entries()) {
    const hash = hashes[number];
    if (hash === chunks[number]?.hash) found.set(span.start, { ...span, hash });
  }
  return found;
}

/** The first position of a list from which on `holds` is true; it is false before. */
function firstWhere<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
