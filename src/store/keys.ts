import {
  type AttemptNumber,
  type CheckpointId,
  type JobName,
  type PackId,
  idParts,
  sixDigits,
} from "../base/index.ts";
import type { StoreKey } from "./store.ts";

// Where everything of a job lies in a store. docs/job-protocol.md and docs/checkpoint-format.md describe the contents.

/** Below it, one folder for each job. */
export const JOBS_PREFIX = "jobs/";

/** Everything of one job is below this prefix. */
export const jobPrefix = (job: JobName): string => `${JOBS_PREFIX}${job}/`;
/** What the job is. */
export const jobKey = (job: JobName): StoreKey => `${jobPrefix(job)}job.json`;
/** Below it, one folder for each attempt. */
export const attemptsPrefix = (job: JobName): string => `${jobPrefix(job)}attempts/`;
/** Everything of one attempt. */
export const attemptPrefix = (job: JobName, attempt: AttemptNumber): string =>
  `${attemptsPrefix(job)}${sixDigits(attempt)}/`;
/** The record by which the attempt became the valid one. */
export const claimKey = (job: JobName, attempt: AttemptNumber): StoreKey =>
  `${attemptPrefix(job, attempt)}claim.json`;
/** What a live attempt rewrites. */
export const heartbeatKey = (job: JobName, attempt: AttemptNumber): StoreKey =>
  `${attemptPrefix(job, attempt)}heartbeat.json`;
/** How the attempt ended. */
export const outcomeKey = (job: JobName, attempt: AttemptNumber): StoreKey =>
  `${attemptPrefix(job, attempt)}outcome.json`;
/** Below it, the attempt's history. */
export const eventsPrefix = (job: JobName, attempt: AttemptNumber): string =>
  `${attemptPrefix(job, attempt)}events/`;
/** Below it, one manifest for each checkpoint. */
export const checkpointsPrefix = (job: JobName): string => `${jobPrefix(job)}checkpoints/`;
/** The manifest whose creation commits the checkpoint. */
export const manifestKey = (job: JobName, id: CheckpointId): StoreKey =>
  `${checkpointsPrefix(job)}${id}.json`;
/** Below it, the packs of all attempts. */
export const packsPrefix = (job: JobName): string => `${jobPrefix(job)}packs/`;
/** One pack. */
export const packKey = (job: JobName, id: PackId): StoreKey =>
  `${packsPrefix(job)}${sixDigits(idParts(id).attempt)}/${sixDigits(idParts(id).sequence)}`;
/** Whether a key is that of a pack: data, as opposed to the small records around it. */
export const isPackKey = (key: StoreKey): boolean => /^jobs\/[^/]+\/packs\//.test(key);
