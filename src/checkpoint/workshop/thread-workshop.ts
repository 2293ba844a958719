import { type ChunkHash, chunkHash } from "../format/chunk.ts";
import { BLOCK_ROOM_BYTES, type Block, type Span, type Workshop } from "./workshop.ts";
import { BlockPool } from "./block-pool.ts";

const BLOCKS = 2;

/** A workshop on this thread: nothing to start, for saves and restores of little. */
export function openThreadWorkshop(): Workshop {
  const pool = new BlockPool(Array.from({ length: BLOCKS }, () => Buffer.allocUnsafeSlow(BLOCK_ROOM_BYTES)));
  return {
    findCut: undefined,
    packBuffer: undefined,
    copy: (target, at, source) => target.set(source, at),
    takeBlock: () => pool.take(),
    hash: (block: Block, spans: readonly Span[]): Promise<readonly ChunkHash[]> =>
      Promise.resolve(spans.map(({ start, end }) => chunkHash(block.bytes.subarray(start, end)))),
    readFiles: undefined,
    writeFiles: undefined,
    close: () => undefined,
  };
}
