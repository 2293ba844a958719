import { type CheckpointId, idParts } from "../base/index.ts";
import type { Inheritance } from "./attempt.ts";
import type { ClaimRecord, HeartbeatRecord, OutcomeRecord } from "./records.ts";

/**
 * What the successor of an ended attempt takes over.
 * - After `failed` and `stopped` a person asks again: the failure budget is whole.
 * - After `interrupted`, `lost` and `fenced-out` the work just goes on: failures used so far stay used, none is added (J5).
 * - An attempt that ended in one of these three ways without a checkpoint of its own was idle (K14).
 */
export function inheritanceAfter(
  claim: Pick<ClaimRecord, "attempt" | "idleAttempts">,
  outcome: OutcomeRecord,
  present: readonly CheckpointId[],
): Inheritance {
  if (outcome.kind === "failed" || outcome.kind === "stopped" || outcome.kind === "completed") {
    return { failuresUsed: 0, idleAttempts: 0, previousOutcome: outcome };
  }
  const idle = outcome.checkpointsCommitted === 0 && !hasCheckpointOf(claim.attempt, present);
  return {
    failuresUsed: outcome.failuresUsed,
    idleAttempts: idle ? claim.idleAttempts + 1 : 0,
    previousOutcome: outcome,
  };
}

/**
 * How many failures an attempt that vanished had used up, as far as it told: its last heartbeat's word; without one, none
 * if it has made a checkpoint since its claim, else what its claim says.
 */
export function failuresOfLost(
  claim: Pick<ClaimRecord, "attempt" | "failuresUsed">,
  heartbeat: HeartbeatRecord | undefined,
  present: readonly CheckpointId[],
): number {
  return heartbeat?.failuresUsed ?? (hasCheckpointOf(claim.attempt, present) ? 0 : claim.failuresUsed);
}

function hasCheckpointOf(attempt: number, present: readonly CheckpointId[]): boolean {
  return present.some((id) => idParts(id).attempt === attempt);
}
