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
 * The first position after a byte, from `from` on and before `until`, at which the gear hash has no bit of the mask; -1 when
 * there is none. The hash begins with `startHash`.
 */
export type FindCut = (
  bytes: Uint8Array,
  from: number,
  until: number,
  startHash: number,
  mask: number,
) => number;

/**
 * The end of the chunk that begins at `start`. `end` is where the bytes at hand end; the answer is final only when
 * at least `sizes.max` bytes are at hand or the stream ends at `end`.
 * FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking and a gear hash of 32 bits.
 */
export function chunkEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  sizes: ChunkSizes,
  find: FindCut = findCut,
): number {
  const limit = Math.min(end, start + sizes.max);
  const normal = Math.min(limit, start + sizes.normal);
  const first = start + sizes.min;
  if (first >= limit) return limit;
  const early = find(bytes, first, normal, 0, sizes.strictMask);
  if (early !== NO_CUT) return early;
  // The hash goes on where the strict mask ends; all that it can still know are the last 32 bytes.
  const late = find(
    bytes,
    normal,
    limit,
    gearHash(bytes, Math.max(first, normal - 32), normal),
    sizes.looseMask,
  );
  return late === NO_CUT ? limit : late;
}

const NO_CUT = -1;

/**
 * The first position after a byte at which the hash has no bit of the mask. Four bytes a turn, in a function of its own,
 * with nothing but small integers in it: twice as fast as the plain loop.
 */
export const findCut: FindCut = (bytes, from, until, startHash, mask) =>
  findCutWith(bytes, GEAR, from, until, startHash, mask);

function findCutWith(
  bytes: Uint8Array,
  gear: Int32Array,
  from: number,
  until: number,
  startHash: number,
  mask: number,
): number {
  let hash = startHash | 0;
  let at = from | 0;
  const turnsUntil = (until - 3) | 0;
  while (at < turnsUntil) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 1;
    hash = ((hash << 1) + (gear[bytes[at + 1] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 2;
    hash = ((hash << 1) + (gear[bytes[at + 2] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 3;
    hash = ((hash << 1) + (gear[bytes[at + 3] as number] as number)) | 0;
    at = (at + 4) | 0;
    if ((hash & mask) === 0) return at;
  }
  for (; at < until; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 1;
  }
  return NO_CUT;
}

function gearHash(bytes: Uint8Array, from: number, until: number): number {
  let hash = 0;
  for (let at = from; at < until; at += 1) hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0;
  return hash;
}
