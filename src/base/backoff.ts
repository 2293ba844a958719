import type { Random } from "./random.ts";

/** How long to wait between tries. */
export interface Backoff {
  /** The wait before the first repetition, in ms, before jitter. */
  readonly firstMs: number;
  /** No wait is longer than this, in ms. */
  readonly longestMs: number;
}

/**
 * The wait before repetition number `repetition` (1, 2, 3 …): doubles each time up to the longest, then takes a
 * random share between one half and the whole of it, so that many machines do not come back at the same moment.
 */
export function backoffMs(backoff: Backoff, repetition: number, random: Random): number {
  const full = Math.min(backoff.longestMs, backoff.firstMs * 2 ** (repetition - 1));
  return full * (0.5 + 0.5 * random.next());
}
