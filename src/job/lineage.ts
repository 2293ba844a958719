import { type AttemptNumber, type CheckpointId, idParts } from "../base/index.ts";
import type { CallOptions } from "../store/store.ts";
import type { ClaimRecord } from "./records.ts";
import { type StoredJob, readClaim } from "./stored-records.ts";

/** What the lineage needs to know of a claim. */
export type ClaimedFrom = Pick<ClaimRecord, "attempt" | "resumesFrom">;

/**
 * The checkpoints that a successor of `latest` may be restored from, newest first: those of `latest` itself, then those
 * of the attempt that it resumed from up to the checkpoint named in its claim, and so on (J1). What an attempt wrote
 * after its successor's claim has a higher number than that claim names, and so belongs to no lineage.
 *
 * `claims` must hold every claim on the way; `present` are the committed checkpoints, in any order.
 */
export function lineageAfter(
  latest: ClaimedFrom,
  claims: ReadonlyMap<number, ClaimedFrom>,
  present: readonly CheckpointId[],
): readonly CheckpointId[] {
  const newestFirst = [...present].sort().reverse();
  const lineage: CheckpointId[] = [];
  let claim: ClaimedFrom | undefined = latest;
  let upTo = Number.POSITIVE_INFINITY;
  while (claim !== undefined) {
    const { attempt, resumesFrom }: ClaimedFrom = claim;
    for (const id of newestFirst) {
      const parts = idParts(id);
      if (parts.attempt === attempt && parts.sequence <= upTo) lineage.push(id);
    }
    if (resumesFrom === null) break;
    const from = idParts(resumesFrom);
    // An attempt resumes only from earlier ones. Anything else was written by no claimant, and would never end.
    if (from.attempt >= attempt) break;
    upTo = from.sequence;
    claim = claims.get(from.attempt);
  }
  return lineage;
}

/** `lineageAfter`, reading from the store the claims that it takes: those back to the oldest attempt with a checkpoint. */
export async function readLineageAfter(
  stored: StoredJob,
  latest: ClaimedFrom,
  present: readonly CheckpointId[],
  options?: CallOptions,
): Promise<readonly CheckpointId[]> {
  const oldest = Math.min(...present.map((id) => idParts(id).attempt));
  const claims = new Map<number, ClaimedFrom>();
  let next = earlierAttempt(latest);
  while (next !== undefined && next >= oldest) {
    const claim = await readClaim(stored, next, options);
    if (claim === undefined) break;
    claims.set(claim.attempt, claim);
    next = earlierAttempt(claim);
  }
  return lineageAfter(latest, claims, present);
}

function earlierAttempt(claim: ClaimedFrom): AttemptNumber | undefined {
  if (claim.resumesFrom === null) return undefined;
  const { attempt } = idParts(claim.resumesFrom);
  return attempt < claim.attempt ? attempt : undefined;
}
