import { type AttemptNumber, type CheckpointId, type JobName, idParts } from "../base/index.ts";
import { JOBS_PREFIX, eventsPrefix } from "../store/keys.ts";
import type { CallOptions, Store } from "../store/store.ts";
import { lineageAfter } from "./lineage.ts";
import { parseEventBatch } from "./record-reading.ts";
import type { ClaimRecord, EventRecord, HeartbeatRecord, JobRecord, OutcomeRecord } from "./records.ts";
import {
  type StoredJob,
  attemptNumbers,
  committedCheckpoints,
  readClaim,
  readHeartbeat,
  readJobRecord,
  readOutcome,
} from "./stored-records.ts";

/** Everything that a store knows of one job, for people. */
export interface JobHistory {
  readonly job: JobName;
  /** Absent when the first claimant died before it wrote it. */
  readonly record: JobRecord | undefined;
  /** Ascending. */
  readonly attempts: readonly AttemptHistory[];
  /** What the next attempt may be restored from, newest first. */
  readonly lineage: readonly CheckpointId[];
}

/** One attempt. Without an outcome it is unknown whether it lives: `observeLiveness` can tell (K06). */
export interface AttemptHistory {
  readonly number: AttemptNumber;
  readonly claim: ClaimRecord;
  readonly heartbeat: HeartbeatRecord | undefined;
  readonly outcome: OutcomeRecord | undefined;
  /** In the order in which they were noted. */
  readonly events: readonly EventRecord[];
  /** Committed by it and still in the store, ascending. */
  readonly checkpoints: readonly CheckpointId[];
  /**
   * Work after the last checkpoint: lost when the attempt has ended, at stake when it has not. Absent after `completed`,
   * and when the attempt never said how far it was.
   */
  readonly unsaved: UnsavedWork | undefined;
}

/** Work that is in no checkpoint, by the attempt's own monotonic clock: clocks of two machines are never compared. */
export interface UnsavedWork {
  readonly ms: number;
  /** In the unit of the attempt's progress; absent when it told none. */
  readonly progress: number | undefined;
  /** Counted up to the last heartbeat, since the end was not seen: it may be more. */
  readonly atLeast: boolean;
}

/** The names of all jobs in a store, ascending. */
export async function listJobs(store: Store, options?: CallOptions): Promise<readonly JobName[]> {
  const folders = await store.listFolders(JOBS_PREFIX, options);
  return folders.filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) as JobName[];
}

/**
 * Reads all of a job's records. Undefined when the store has no such job.
 * @throws SpotproofError of the store, `store-newer`, `record-damaged`
 */
export async function readJobHistory(
  store: Store,
  job: JobName,
  options?: CallOptions,
): Promise<JobHistory | undefined> {
  const stored: StoredJob = { store, job };
  const [record, numbers, present] = await Promise.all([
    readJobRecord(stored, options),
    attemptNumbers(stored, options),
    committedCheckpoints(stored, options),
  ]);
  if (record === undefined && numbers.length === 0) return undefined;
  const attempts: AttemptHistory[] = [];
  for (const number of numbers) {
    const attempt = await readAttempt(stored, number, present, options);
    if (attempt !== undefined) attempts.push(attempt);
  }
  const claims = new Map(attempts.map(({ number, claim }) => [number as number, claim]));
  const latest = attempts.at(-1);
  const lineage = latest === undefined ? [] : lineageAfter(latest.claim, claims, present);
  return { job, record, attempts, lineage };
}

async function readAttempt(
  stored: StoredJob,
  number: AttemptNumber,
  present: readonly CheckpointId[],
  options: CallOptions | undefined,
): Promise<AttemptHistory | undefined> {
  const [claim, heartbeat, outcome, batches] = await Promise.all([
    readClaim(stored, number, options),
    readHeartbeat(stored, number, options),
    readOutcome(stored, number, options),
    readEventBatches(stored, number, options),
  ]);
  // Its claimant died while it claimed.
  if (claim === undefined) return undefined;
  const byNumber = new Map([...batches, ...(outcome?.events ?? [])].map((event) => [event.number, event]));
  return {
    number,
    claim,
    heartbeat,
    outcome,
    events: [...byNumber.values()].sort((a, b) => a.number - b.number),
    checkpoints: present.filter((id) => idParts(id).attempt === number),
    unsaved: unsavedWork(claim, heartbeat, outcome),
  };
}

async function readEventBatches(
  { store, job }: StoredJob,
  number: AttemptNumber,
  options: CallOptions | undefined,
): Promise<readonly EventRecord[]> {
  const objects = await store.list(eventsPrefix(job, number), options);
  const events: EventRecord[] = [];
  for (const { key } of objects) {
    const bytes = await store.read(key, options);
    if (bytes !== undefined) events.push(...parseEventBatch(key, bytes).events);
  }
  return events;
}

/** The work of an attempt that is in no checkpoint, from what it said last. */
export function unsavedWork(
  claim: Pick<ClaimRecord, "resumesFrom">,
  heartbeat: HeartbeatRecord | undefined,
  outcome: OutcomeRecord | undefined,
): UnsavedWork | undefined {
  if (outcome?.kind === "completed") return undefined;
  const said = outcome !== undefined && outcome.kind !== "lost" ? outcome : heartbeat;
  if (said === undefined || said.aliveMs === null) return undefined;
  // It committed one more after it was heard of last: what came after that, nobody knows.
  if (outcome?.kind === "lost" && outcome.lastCheckpoint !== said.lastCheckpoint) {
    return { ms: 0, progress: undefined, atLeast: true };
  }
  const done = said.progress?.done;
  // A resumed attempt begins somewhere: where, only its first checkpoint says.
  const from = said.lastCheckpointProgress?.done ?? (claim.resumesFrom === null ? 0 : undefined);
  return {
    ms: Math.max(0, said.aliveMs - (said.lastCheckpointAtMs ?? 0)),
    progress: done === undefined || from === undefined ? undefined : Math.max(0, done - from),
    atLeast: said === heartbeat,
  };
}
