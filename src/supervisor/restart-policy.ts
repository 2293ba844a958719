import type { Backoff } from "../base/index.ts";

/** How often a command that fails is started again. Interruptions are never counted here (J5). */
export interface RestartPolicy {
  /** Restarts after failures; 0 = none. */
  readonly retries: number;
  readonly backoff: Backoff;
  /** A command that ran this long and made a new checkpoint begins with a fresh budget, in ms. */
  readonly forgiveAfterMs: number;
}

/** What a life of the command that ended in failure was like. */
export interface FailedLife {
  readonly ranMs: number;
  readonly checkpointsMade: number;
}

/** Failures used up after one more: it counts on, unless the life before it was long and fruitful. */
export function failuresAfter(policy: RestartPolicy, usedBefore: number, life: FailedLife): number {
  const forgiven = life.ranMs >= policy.forgiveAfterMs && life.checkpointsMade > 0;
  return forgiven ? 1 : usedBefore + 1;
}

/** Whether the command may be started once more after that many failures. */
export function mayRestart(policy: RestartPolicy, failuresUsed: number): boolean {
  return failuresUsed <= policy.retries;
}
