import type { MonotonicMs } from "../base/index.ts";

/** What is known when the end of the machine is announced. All times on the monotonic clock or in ms. */
export interface TimeBudget {
  readonly nowMs: MonotonicMs;
  /** When the announcement was first heard: lead = deadline - this. */
  readonly heardAtMs: MonotonicMs;
  readonly deadlineMs: MonotonicMs;
  /** How long the last save may take; 0 when there is nothing to save, undefined when no save was made yet. */
  readonly finalSaveMs: number | undefined;
  /** How long the command may take to end after it was asked to. */
  readonly stopGraceMs: number;
}

/** When what must happen so that all is over before the deadline (I3). */
export interface TimePlan {
  /** Until then the command works; then it is asked to stop. */
  readonly stopAtMs: MonotonicMs;
  /** Then it is killed, so that the last save still fits. */
  readonly killAtMs: MonotonicMs;
  /** Then the last save is given up, so that the outcome can still be written. */
  readonly giveUpSavingAtMs: MonotonicMs;
}

/** With no lead at all (hibernation, a notice heard too late) a command may still be quick enough. */
const LEAST_GRACE_MS = 500;

/**
 * Divides the lead: a safety of 5 % (0.2 to 5 s) is kept at the end; before it the predicted last save (at most half
 * of the lead; a quarter while nothing was learned); before that the grace, at most a quarter of the lead. Everything that is left
 * belongs to the command. With too little time the moments fall together at "now", in the same order;
 * but half a second after the announcement is always left for ending.
 */
export function planStop(budget: TimeBudget): TimePlan {
  const leadMs = Math.max(0, budget.deadlineMs - budget.heardAtMs);
  const safetyMs = Math.min(5000, Math.max(200, leadMs * 0.05));
  // More than half is never kept for a save: the one that began with the notice has the rest, and the command must stop.
  const saveMs = Math.min(budget.finalSaveMs ?? leadMs / 4, leadMs / 2);
  const graceMs = Math.min(budget.stopGraceMs, Math.max(leadMs / 4, LEAST_GRACE_MS));
  const leastGraceEndsMs = budget.heardAtMs + Math.min(budget.stopGraceMs, LEAST_GRACE_MS);
  const killAtMs = Math.max(budget.nowMs, leastGraceEndsMs, budget.deadlineMs - safetyMs - saveMs);
  const stopAtMs = Math.max(budget.nowMs, killAtMs - graceMs);
  return { stopAtMs, killAtMs, giveUpSavingAtMs: Math.max(killAtMs, budget.deadlineMs - safetyMs / 2) };
}
