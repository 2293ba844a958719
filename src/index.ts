// What programs may import from "spotproof". Running a job, reading a store, looking after checkpoints, and trying interruptions out.

import {
  type ItemOutcome,
  type Job,
  type JobEnd,
  type JobOptions,
  type ResultsPlace,
  readResultsIn,
  runJobHere,
} from "./sdk/index.ts";
import type {
  AzureMetadataMock,
  AzureMetadataMockOptions,
  Ec2MetadataMock,
  Ec2MetadataMockOptions,
  GcpMetadataMock,
  GcpMetadataMockOptions,
} from "./simulator/index.ts";

export {
  ERRORS,
  type ErrorCode,
  type ErrorEntry,
  SpotproofError,
  VERSION,
  parseCheckpointId,
  parseJobName,
  systemClock,
} from "./base/index.ts";
export {
  type ListedCheckpoint,
  type VerifyResult,
  listCheckpoints,
  restoreTo,
  verifyCheckpoint,
} from "./checkpoint/index.ts";
export { type AttemptHistory, type JobHistory, listJobs, readJobHistory } from "./job/index.ts";
export type {
  AzureEventType,
  AzureMetadataMock,
  AzureMetadataMockOptions,
  AzureMockEvent,
  Ec2MetadataMock,
  Ec2MetadataMockOptions,
  GcpMaintenanceEvent,
  GcpMetadataMock,
  GcpMetadataMockOptions,
  MachineEndNotice,
  MachineIdentity,
  MetadataMock,
  MockEvent,
  MockFault,
  MockInterruption,
  MockMaintenance,
  MockRequest,
  MockState,
} from "./simulator/index.ts";
export { type FileStore, type Store, openFileStore } from "./store/index.ts";

export type {
  CheckpointEvery,
  EncodedStateOptions,
  ForEachOptions,
  Interruption,
  ItemContext,
  ItemError,
  ItemOutcome,
  ItemSource,
  ItemsSummary,
  ItemWork,
  Job,
  JobEnd,
  JobEvent,
  JobOptions,
  JobRandom,
  Lines,
  OnceContext,
  ResultsPlace,
  StateOptions,
  StepsOptions,
  Storable,
} from "./sdk/index.ts";
export { JobLeaves, linesOf } from "./sdk/index.ts";

/**
 * Runs one life of a job: claims it, brings back the record of the lives before, does the work, and goes on in the next life where this
 * one had to leave. The same program is started again and again, on any machine, until the work function returns.
 *
 * By itself it claims, shows that it lives, and listens for interruptions; under `spotproof run` it uses that one's claim and folder.
 * With `ending: "exit"` (the default) a life that had to leave ends the program: 75 after an interruption, 130 after Ctrl-C, 76 when a later
 * attempt owns the job. What the work function throws is thrown on, after the attempt was recorded as failed.
 *
 * ```ts
 * await runJob("fit", { store: "s3://bucket/jobs" }, async (job) => {
 *   const model = await job.restoreOr(() => newModel());
 *   for await (const step of job.steps({ to: 100, checkpointEvery: 10 })) train(model, step);
 * });
 * ```
 * @throws SpotproofError with `ending: "return"`; else it is printed, with what to do, and ends the program
 */
export const runJob = <Result>(
  name: string,
  options: JobOptions,
  work: (job: Job) => Promise<Result> | Result,
): Promise<JobEnd<Result>> => runJobHere(process, name, options, work);

/**
 * What became of the items of a list of a job, whether it is completed, was interrupted, or runs elsewhere: as `job.results`, for programs
 * that are not the job. Read from its newest checkpoint, as a stream.
 * @throws SpotproofError `job-not-found`, `checkpoint-not-found`, `checkpoint-damaged`, `bad-usage`, what the store throws
 */
export const readResults = <Result = unknown>(place: ResultsPlace): AsyncIterable<ItemOutcome<Result>> =>
  readResultsIn<Result>(place, process.cwd());

// Loaded when one is started: whoever reads a store waits for none of it.

const simulator = () => import("./simulator/index.ts");

/**
 * Starts an EC2 metadata service that gives notices on demand, on loopback. It follows the real service.
 * @throws SpotproofError `port-unavailable`, `bad-usage` for options that are none
 */
export const startEc2MetadataMock = async (options: Ec2MetadataMockOptions): Promise<Ec2MetadataMock> =>
  (await simulator()).startEc2MetadataMock(options);

/**
 * Starts Google's metadata server for one Spot VM, on loopback. Long polls (`wait_for_change`) end with the change.
 * @throws SpotproofError `port-unavailable`
 */
export const startGcpMetadataMock = async (options: GcpMetadataMockOptions): Promise<GcpMetadataMock> =>
  (await simulator()).startGcpMetadataMock(options);

/**
 * Starts Azure's metadata service for one VM, on loopback, with its scheduled events.
 * @throws SpotproofError `port-unavailable`
 */
export const startAzureMetadataMock = async (options: AzureMetadataMockOptions): Promise<AzureMetadataMock> =>
  (await simulator()).startAzureMetadataMock(options);
