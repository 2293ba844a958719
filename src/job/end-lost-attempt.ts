import {
  type AttemptToken,
  type CheckpointId,
  SpotproofError,
  formatDuration,
  idParts,
} from "../base/index.ts";
import { outcomeKey } from "../store/keys.ts";
import { failuresOfLost } from "./inheritance.ts";
import { type Observer, beatSeen, longestStepFor } from "./observe-attempt.ts";
import { recordBytes } from "./record-reading.ts";
import { type ClaimRecord, type HeartbeatRecord, type OutcomeRecord, RECORD_FORMAT } from "./records.ts";
import { type StoredJob, committedCheckpoints, readHeartbeat, readOutcome } from "./stored-records.ts";

/**
 * Ends an attempt that has been silent for the whole lease, by creating its outcome. `heartbeat` is the one that did not
 * change. Whoever creates the outcome decides: when the attempt has ended itself at the last moment, its own is given back.
 * Looks at the heartbeat once more right before (K05), and gives back "moved" when the attempt lives after all.
 */
export async function endLostAttempt(
  stored: StoredJob,
  claim: ClaimRecord,
  heartbeat: HeartbeatRecord | undefined,
  observer: Observer,
  token: AttemptToken,
): Promise<OutcomeRecord | "moved"> {
  const { signal } = observer;
  const key = outcomeKey(stored.job, claim.attempt);
  const present = await committedCheckpoints(stored, { signal });
  const own = present.filter((id) => idParts(id).attempt === claim.attempt);
  const outcome = lostOutcome(claim, heartbeat, own, observer, token);
  if (!(await isStillSilent(stored, claim, heartbeat, observer))) return "moved";
  if ((await stored.store.create(key, recordBytes(outcome), { signal })) === "created") return outcome;
  const theirs = await readOutcome(stored, claim.attempt, { signal });
  if (theirs !== undefined) return theirs;
  throw new SpotproofError(
    "store-unreachable",
    `${key} exists in ${stored.store.description} but cannot be read.`,
  );
}

/** How often a look is repeated that took too long to be believed. */
const LOOKS = 3;

/** One more look. When this process stood still since it began, the look is old already and another is taken. */
async function isStillSilent(
  stored: StoredJob,
  claim: ClaimRecord,
  heartbeat: HeartbeatRecord | undefined,
  observer: Observer,
): Promise<boolean> {
  const { clock, signal } = observer;
  const longestMs = longestStepFor(observer, observer.leaseMs);
  for (let look = 1; look <= LOOKS; look += 1) {
    const begunAtMs = clock.now();
    const now = await readHeartbeat(stored, claim.attempt, { signal });
    if (beatSeen(now) !== beatSeen(heartbeat)) return false;
    if (clock.now() - begunAtMs <= longestMs) return true;
    signal.throwIfAborted();
  }
  return false;
}

function lostOutcome(
  claim: ClaimRecord,
  heartbeat: HeartbeatRecord | undefined,
  own: readonly CheckpointId[],
  observer: Observer,
  token: AttemptToken,
): OutcomeRecord {
  const last = own.at(-1);
  const toldOfLast = last !== undefined && heartbeat?.lastCheckpoint === last;
  return {
    format: RECORD_FORMAT,
    attempt: claim.attempt,
    kind: "lost",
    reason: `Its heartbeat did not change for ${formatDuration(observer.leaseMs)}.`,
    failuresUsed: failuresOfLost(claim, heartbeat, own),
    checkpointsCommitted: own.length,
    lastCheckpoint: last,
    lastCheckpointAtMs: toldOfLast ? heartbeat.lastCheckpointAtMs : undefined,
    lastCheckpointProgress: toldOfLast ? heartbeat.lastCheckpointProgress : undefined,
    progress: heartbeat?.progress,
    endedBy: token,
    aliveMs: heartbeat?.aliveMs ?? null,
    endedAt: new Date(observer.clock.wallTime()).toISOString(),
  };
}
