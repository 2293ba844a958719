import type { PackId } from "../../base/index.ts";
import { type ChunkHash, type ChunkRef, type ContentPart, isChunk } from "../format/chunk.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { type FileStat, sameState } from "./scan.ts";

/** What is known of a file since it was last read. */
export interface KnownFile {
  readonly stat: FileStat;
  readonly parts: readonly ContentPart[];
  /** As the file list says it. A restore sets times only to the microsecond; the list keeps the original. */
  readonly listedMtimeNs: bigint;
  readonly sparse: boolean;
  /** False when the file could have changed since without its stat showing it: then it is read again. */
  readonly trusted: boolean;
}

/**
 * What a saver knows: which chunks it may refer to, and what the files were when it last read them.
 *
 * It holds chunks of two kinds of packs only, which is what makes pruning safe while other attempts live:
 *  1. packs of the checkpoint that the folder was restored from,
 *  2. packs of its own attempt that are durable (also those of a save that was given up).
 */
export class SaverIndex {
  readonly files = new Map<PathBytes, KnownFile>();
  readonly #chunks = new Map<ChunkHash, ChunkRef>();
  readonly #packs = new Map<PackId, number>();

  /** A durable chunk with these raw bytes, if there is one. */
  find(hash: ChunkHash): ChunkRef | undefined {
    return this.#chunks.get(hash);
  }

  /** Takes note of a durable pack and of the chunks in it that may be referred to. */
  addPack(pack: PackId, sizeBytes: number, chunks: Iterable<ChunkRef>): void {
    this.#packs.set(pack, sizeBytes);
    for (const chunk of chunks) this.#chunks.set(chunk.hash, chunk);
  }

  /** The exact size of a durable pack. */
  packBytes(pack: PackId): number | undefined {
    return this.#packs.get(pack);
  }

  /** Forgets every pack that is not kept, and with it its chunks and the files that need them. */
  keepOnly(kept: ReadonlySet<PackId>): void {
    for (const pack of this.#packs.keys()) {
      if (!kept.has(pack)) this.#packs.delete(pack);
    }
    for (const [hash, chunk] of this.#chunks) {
      if (!kept.has(chunk.pack)) this.#chunks.delete(hash);
    }
    for (const [path, file] of this.files) {
      if (file.parts.some((part) => isChunk(part) && !kept.has(part.pack))) this.files.delete(path);
    }
  }

  /** Forgets the files with chunks in packs that never became durable: after a save that failed. */
  forgetUnstored(): void {
    for (const [path, file] of this.files) {
      const isStored = file.parts.every((part) => !isChunk(part) || this.#packs.has(part.pack));
      if (!isStored) this.files.delete(path);
    }
  }

  /** Forgets the files that are not in the folder any more. */
  forgetFilesBut(paths: ReadonlySet<PathBytes>): void {
    for (const path of this.files.keys()) {
      if (!paths.has(path)) this.files.delete(path);
    }
  }

  /** What is known of a file, when its stat proves that it still is so. */
  unchanged(path: PathBytes, stat: FileStat): KnownFile | undefined {
    const known = this.files.get(path);
    return known?.trusted === true && sameState(known.stat, stat) ? known : undefined;
  }
}

/**
 * File systems stamp times with the tick of a clock, of 1 to 10 ms: a file that changed in the same tick in which it was
 * looked at looks unchanged later. So a stat is trusted only when its times are older than this.
 */
const RACY_NS = 50_000_000n;

/** Whether a later, equal stat will prove that the content is still the same ("racily clean" files are not trusted). */
export function isTrustworthy(stat: FileStat, lookedAtNs: bigint): boolean {
  const newest = stat.mtimeNs > stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
  return newest < lookedAtNs - RACY_NS;
}
