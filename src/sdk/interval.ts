/** What the best time between two checkpoints follows from. Times in ms. */
export interface IntervalFacts {
  /** C: how long one checkpoint keeps the work waiting. */
  readonly costMs: number;
  /** How long a checkpoint takes until it is durable: two are never under way at once. */
  readonly durationMs: number;
  /** M: mean time between two interruptions. */
  readonly interruptedEveryMs: number;
  /** p: the share of interruptions whose notice is long enough for a last save: only the others lose work. */
  readonly noticesThatSuffice: number;
  /** The most that checkpoints may take of the time, as a share. */
  readonly maxOverhead: number;
}

/** What can be lost is not worth more checkpoints than one in so many ms. */
const SHORTEST_MS = 1000;

/**
 * The work between two checkpoints that loses the least.
 *
 * J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps" (2006), equation 37: with
 * C < 2M, T = sqrt(2CM) (1 + 1/3 sqrt(C/2M) + 1/9 (C/2M)) - C, else T = M. Only interruptions without a last save lose work, so M is
 * taken as M / (1 - p). Never shorter than lets checkpoints take `maxOverhead` of the time, than one takes, or than a second.
 */
export function bestIntervalMs(facts: IntervalFacts): number {
  const { costMs, durationMs, maxOverhead } = facts;
  const lossesEveryMs = facts.interruptedEveryMs / Math.max(1 - facts.noticesThatSuffice, 1e-6);
  const best = dalyMs(costMs, lossesEveryMs);
  const cheapEnough = costMs / maxOverhead - costMs;
  return Math.max(best, cheapEnough, durationMs, SHORTEST_MS);
}

function dalyMs(costMs: number, meanMs: number): number {
  const ratio = costMs / (2 * meanMs);
  if (ratio >= 1) return meanMs;
  return Math.sqrt(2 * costMs * meanMs) * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - costMs;
}
