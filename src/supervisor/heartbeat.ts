import {
  type Clock,
  type Random,
  SpotproofError,
  backoffMs,
  reasonOf,
  withTimeLimit,
} from "../base/index.ts";
import type { Attempt, AttemptStatus, Validity } from "../job/index.ts";

/** What it takes to show that an attempt lives. */
export interface HeartbeatParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly attempt: Attempt;
  /** Between two beats, in ms. */
  readonly heartbeatMs: number;
  readonly status: () => AttemptStatus;
  /** Told once when the store does not answer, and once with undefined when it does again. */
  readonly onTrouble: (message: string | undefined) => void;
}

/**
 * Rewrites the heartbeat until `signal` aborts or the attempt is fenced out. A store that is away never ends the job:
 * it is reported once, tried again with back-off, and reported again when it is back (I2, C06).
 */
export async function keepBeating(parts: HeartbeatParts, signal: AbortSignal): Promise<void> {
  const { clock, random, heartbeatMs, onTrouble } = parts;
  let troubles = 0;
  let waitMs = heartbeatMs;
  for (;;) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    try {
      if ((await beatInTime(parts, signal)) === "fenced-out") return;
      if (troubles > 0) onTrouble(undefined);
      troubles = 0;
      waitMs = heartbeatMs;
    } catch (error) {
      if (signal.aborted) return;
      troubles += 1;
      if (troubles === 1) onTrouble(reasonOf(error));
      waitMs = backoffMs({ firstMs: heartbeatMs / 10, longestMs: heartbeatMs }, troubles, random);
    }
  }
}

/** One beat, given up when the next is due: a call that hangs must not use up the lease (E2). */
function beatInTime(
  { clock, attempt, status, heartbeatMs: limitMs }: HeartbeatParts,
  signal: AbortSignal,
): Promise<Validity> {
  const reason = (): Error =>
    new SpotproofError("store-unreachable", `A heartbeat was not answered within ${limitMs / 1000} s.`);
  return withTimeLimit({ clock, limitMs, reason, signal }, (limited) => attempt.beat(status(), limited));
}
