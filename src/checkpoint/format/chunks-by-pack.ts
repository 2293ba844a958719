import type { PackId } from "../../base/index.ts";
import type { ChunkRef } from "./chunk.ts";

/** Chunks, each once, by the packs that they lie in. */
export class ChunksByPack {
  readonly #packs = new Map<PackId, Map<number, ChunkRef>>();

  /** Two references to one place of a pack are one chunk; if they disagree, reading shows which is wrong. */
  add(ref: ChunkRef): void {
    const pack = this.#packs.get(ref.pack);
    if (pack === undefined) this.#packs.set(ref.pack, new Map([[ref.offset, ref]]));
    else if (!pack.has(ref.offset)) pack.set(ref.offset, ref);
  }

  packs(): Iterable<PackId> {
    return this.#packs.keys();
  }

  /** Ascending by offset. */
  of(pack: PackId): readonly ChunkRef[] {
    return [...(this.#packs.get(pack)?.values() ?? [])].sort((a, b) => a.offset - b.offset);
  }
}
