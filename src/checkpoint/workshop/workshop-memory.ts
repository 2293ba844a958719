import { type ByteLoops, byteLoopsIn } from "../format/byte-loops.ts";
import { wasmMemory } from "../../base/index.ts";
import { BLOCK_ROOM_BYTES, type PackRoom, USUAL_BLOCKS } from "./workshop.ts";

/** The table of the gear hash has the first page. */
const PAGE_BYTES = 4096;

const NO_PACKS: PackRoom = { count: 0, bytes: 0 };

/** What a workshop with threads works in: room for packs and blocks, which its threads see. */
export interface WorkshopMemory extends ByteLoops {
  readonly buffer: ArrayBufferLike;
  readonly packs: readonly Buffer[];
  readonly blocks: readonly Buffer[];
}

/**
 * Gives workshops their memory, one after the other. Whoever opens workshop after workshop, as a saver does, has them all use
 * the same: memory that was given up goes back to the system only when the garbage collector gets to it, and the next
 * workshop does not wait for that.
 */
export class MemoryKeeper {
  readonly #blocks: number;
  readonly #packs: PackRoom;
  #kept: WorkshopMemory | undefined;

  constructor(blocks: number = USUAL_BLOCKS, packs: PackRoom = NO_PACKS) {
    this.#blocks = blocks;
    this.#packs = packs;
  }

  /**
   * Memory that nobody uses.
   * @throws RangeError when the system grants no such address space
   */
  take(): WorkshopMemory {
    const memory = this.#kept ?? openMemory(this.#blocks, this.#packs);
    this.#kept = undefined;
    return memory;
  }

  /** Keeps memory for the next one. Nothing may be reading or writing it any more. */
  keep(memory: WorkshopMemory): void {
    this.#kept = memory;
  }
}

function openMemory(blocks: number, packs: PackRoom): WorkshopMemory {
  // Packs first: they begin at pages, as writes past the page cache need it.
  const blocksAt = PAGE_BYTES + packs.count * packs.bytes;
  const memory = wasmMemory(blocksAt + blocks * BLOCK_ROOM_BYTES, true);
  const { buffer } = memory;
  const rooms = (count: number, from: number, bytes: number): readonly Buffer[] =>
    Array.from({ length: count }, (_, number) => Buffer.from(buffer, from + number * bytes, bytes));
  return {
    buffer,
    packs: rooms(packs.count, PAGE_BYTES, packs.bytes),
    blocks: rooms(blocks, blocksAt, BLOCK_ROOM_BYTES),
    ...byteLoopsIn(memory),
  };
}
