import { SpotproofError, backoffMs, reasonOf, withTimeLimit } from "../base/index.ts";
import type { Validity } from "../job/index.ts";
import type { AttemptState } from "./attempt-state.ts";
import type { RunParts } from "./run-parts.ts";

/**
 * Rewrites the heartbeat until `signal` aborts or the attempt is fenced out. A store that is away never ends the job:
 * it is reported once, tried again with back-off, and reported again when it is back (I2, C06).
 */
export async function keepBeating(parts: RunParts, state: AttemptState, signal: AbortSignal): Promise<void> {
  const { clock, random, policy, onEvent } = parts;
  let troubles = 0;
  let waitMs = policy.heartbeatMs;
  for (;;) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    try {
      if ((await beatInTime(parts, state, signal)) === "fenced-out") return;
      if (troubles > 0) onEvent({ kind: "store-well" });
      troubles = 0;
      waitMs = policy.heartbeatMs;
    } catch (error) {
      if (signal.aborted) return;
      troubles += 1;
      if (troubles === 1) onEvent({ kind: "store-trouble", message: reasonOf(error) });
      waitMs = backoffMs(
        { firstMs: policy.heartbeatMs / 10, longestMs: policy.heartbeatMs },
        troubles,
        random,
      );
    }
  }
}

/** One beat, given up when the next is due: a call that hangs must not use up the lease (E2). */
function beatInTime(parts: RunParts, state: AttemptState, signal: AbortSignal): Promise<Validity> {
  const { clock, attempt, policy } = parts;
  const limitMs = policy.heartbeatMs;
  const reason = (): Error =>
    new SpotproofError("store-unreachable", `A heartbeat was not answered within ${limitMs / 1000} s.`);
  return withTimeLimit({ clock, limitMs, reason, signal }, (limited) =>
    attempt.beat(state.status(), limited),
  );
}
