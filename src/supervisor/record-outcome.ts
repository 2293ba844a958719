import { type Clock, type Random, SpotproofError, backoffMs, withTimeLimit } from "../base/index.ts";
import type { Attempt, Outcome, Validity } from "../job/index.ts";

/** Even with no time left the outcome is tried once, for so long. */
const LAST_TRY_MS = 250;

/** Where an outcome goes, and how long it may take. */
export interface OutcomeRecording {
  readonly clock: Clock;
  readonly random: Random;
  readonly attempt: Attempt;
  readonly limitMs: number;
}

/** Writes the outcome, again and again within the limit. Throws the last error when it could not. */
export async function writeOutcome(
  { clock, random, attempt, limitMs }: OutcomeRecording,
  outcome: Outcome,
): Promise<Validity> {
  const untilMs = clock.now() + limitMs;
  for (let repetition = 1; ; repetition += 1) {
    const waitMs = backoffMs({ firstMs: 200, longestMs: 5000 }, repetition, random);
    // A store that hangs must not hold us beyond the limit.
    const tryMs = Math.max(untilMs - clock.now(), LAST_TRY_MS);
    const tooLate = (): Error =>
      new SpotproofError("store-unreachable", "The outcome was not answered in time.");
    try {
      return await withTimeLimit({ clock, limitMs: tryMs, reason: tooLate }, (signal) =>
        attempt.end(outcome, signal),
      );
    } catch (error) {
      if (clock.now() + waitMs > untilMs) throw error;
    }
    await clock.sleep(waitMs);
  }
}
