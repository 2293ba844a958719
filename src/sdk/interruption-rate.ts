/** How often a job is interrupted, and how well that is announced. */
export interface InterruptionRate {
  /** M: mean time between two interruptions, in ms. */
  readonly interruptedEveryMs: number;
  /** p: the share of interruptions whose notice was long enough for a last save. */
  readonly noticesThatSuffice: number;
}

/** One earlier life of the job. */
export interface PastLife {
  readonly aliveMs: number;
  /** `noticed`: interrupted and saved in time; `unnoticed`: gone without a word; `other`: ended by itself or by its user. */
  readonly end: "noticed" | "unnoticed" | "other";
}

/** Where nobody knows better: half of all interruptions are heard in time. */
const ASSUMED_SHARE = 0.5;

/**
 * The rate that earlier lives show. What is assumed counts as one interruption more, so that the first one that is seen does not
 * decide alone: M = (time lived + assumed M) / (interruptions + 1), p likewise.
 */
export function interruptionRate(past: readonly PastLife[], assumedEveryMs: number): InterruptionRate {
  const livedMs = past.reduce((sum, { aliveMs }) => sum + aliveMs, 0);
  const noticed = past.filter(({ end }) => end === "noticed").length;
  const interruptions = noticed + past.filter(({ end }) => end === "unnoticed").length;
  return {
    interruptedEveryMs: (livedMs + assumedEveryMs) / (interruptions + 1),
    noticesThatSuffice: (noticed + ASSUMED_SHARE) / (interruptions + 1),
  };
}
