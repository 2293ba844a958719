import { GEAR } from "./gear-table.ts";

/** Where a stream is cut. Lengths in bytes; a mask of k one-bits lets one position in 2^k through. */
export interface ChunkSizes {
  /** No chunk but the last of a stream is shorter. */
  readonly min: number;
  /** Up to here the strict mask decides, from here on the loose one, so that most chunks end soon after. */
  readonly normal: number;
  /** No chunk is longer. */
  readonly max: number;
  readonly strictMask: number;
  readonly looseMask: number;
}

/** How the content of files is cut: 64 KiB to 1 MiB, on average about 290 KiB. */
export const FILE_CHUNKS: ChunkSizes = {
  min: 65_536,
  normal: 262_144,
  max: 1_048_576,
  strictMask: 0xfffff000 | 0, // the highest 20 bits
  looseMask: 0xffff0000 | 0, // the highest 16 bits
};

/** How the file list is cut: 8 KiB to 128 KiB, so that a changed line costs little. */
export const LIST_CHUNKS: ChunkSizes = {
  min: 8_192,
  normal: 32_768,
  max: 131_072,
  strictMask: 0xffff8000 | 0, // the highest 17 bits
  looseMask: 0xfff80000 | 0, // the highest 13 bits
};

/**
 * The end of the chunk that begins at `start`. `end` is where the bytes at hand end; the answer is final only when
 * at least `sizes.max` bytes are at hand or the stream ends at `end`.
 * FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking and a gear hash of 32 bits.
 */
export function chunkEnd(bytes: Uint8Array, start: number, end: number, sizes: ChunkSizes): number {
  const limit = Math.min(end, start + sizes.max);
  const normal = Math.min(limit, start + sizes.normal);
  const { strictMask, looseMask } = sizes;
  let at = start + sizes.min;
  if (at >= limit) return limit;
  let hash = 0;
  for (; at < normal; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0;
    if ((hash & strictMask) === 0) return at + 1;
  }
  for (; at < limit; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0;
    if ((hash & looseMask) === 0) return at + 1;
  }
  return limit;
}
