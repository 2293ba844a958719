import {
  type AttemptNumber,
  type CheckpointId,
  type JobName,
  attemptNumber,
  isNumberPair,
} from "../base/index.ts";
import {
  attemptsPrefix,
  checkpointsPrefix,
  claimKey,
  heartbeatKey,
  jobKey,
  outcomeKey,
} from "../store/keys.ts";
import type { CallOptions, Store, StoreKey } from "../store/store.ts";
import { parseClaim, parseHeartbeat, parseJobRecord, parseOutcome } from "./record-reading.ts";
import type { ClaimRecord, HeartbeatRecord, JobRecord, OutcomeRecord } from "./records.ts";

/** Where one job rests. */
export interface StoredJob {
  readonly store: Store;
  readonly job: JobName;
}

async function readRecord<T>(
  store: Store,
  key: StoreKey,
  parse: (key: StoreKey, bytes: Uint8Array) => T,
  options?: CallOptions,
): Promise<T | undefined> {
  const bytes = await store.read(key, options);
  return bytes === undefined ? undefined : parse(key, bytes);
}

export const readJobRecord = (
  { store, job }: StoredJob,
  options?: CallOptions,
): Promise<JobRecord | undefined> => readRecord(store, jobKey(job), parseJobRecord, options);

export const readClaim = (
  { store, job }: StoredJob,
  attempt: AttemptNumber,
  options?: CallOptions,
): Promise<ClaimRecord | undefined> => readRecord(store, claimKey(job, attempt), parseClaim, options);

export const readHeartbeat = (
  { store, job }: StoredJob,
  attempt: AttemptNumber,
  options?: CallOptions,
): Promise<HeartbeatRecord | undefined> =>
  readRecord(store, heartbeatKey(job, attempt), parseHeartbeat, options);

export const readOutcome = (
  { store, job }: StoredJob,
  attempt: AttemptNumber,
  options?: CallOptions,
): Promise<OutcomeRecord | undefined> => readRecord(store, outcomeKey(job, attempt), parseOutcome, options);

/** The numbers of a job's attempts, ascending. One whose claimant died while claiming may be among them, without a claim. */
export async function attemptNumbers(
  { store, job }: StoredJob,
  options?: CallOptions,
): Promise<readonly AttemptNumber[]> {
  const folders = await store.listFolders(attemptsPrefix(job), options);
  return folders
    .filter((name) => /^\d{6}$/.test(name) && name !== "000000")
    .map((name) => attemptNumber(Number(name)));
}

/** The claim with the highest number; undefined when the job has never been claimed. */
export async function latestClaim(
  stored: StoredJob,
  options?: CallOptions,
): Promise<ClaimRecord | undefined> {
  const numbers = await attemptNumbers(stored, options);
  for (const number of [...numbers].reverse()) {
    const claim = await readClaim(stored, number, options);
    if (claim !== undefined) return claim;
  }
  return undefined;
}

/** The ids of all committed checkpoints of a job, of every lineage, ascending. */
export async function committedCheckpoints(
  { store, job }: StoredJob,
  options?: CallOptions,
): Promise<readonly CheckpointId[]> {
  const prefix = checkpointsPrefix(job);
  const objects = await store.list(prefix, options);
  return objects
    .map((object) => object.key.slice(prefix.length))
    .filter((name) => name.endsWith(".json") && isNumberPair(name.slice(0, -5)))
    .map((name) => name.slice(0, -5) as CheckpointId);
}
