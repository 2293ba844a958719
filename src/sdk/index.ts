export type {
  ForEachOptions,
  ItemContext,
  ItemError,
  ItemOutcome,
  ItemSource,
  ItemsSummary,
  ItemWork,
  Lines,
  OnceContext,
} from "./items/index.ts";
export { linesOf } from "./items/index.ts";
export type {
  CheckpointEvery,
  EncodedStateOptions,
  Interruption,
  Job,
  JobEnd,
  JobEvent,
  JobOptions,
  JobRandom,
  StateOptions,
  StepsOptions,
} from "./job.ts";
export type { JobSurroundings } from "./job-parts.ts";
export { JobLeaves } from "./leaving.ts";
export { type ResultsPlace, readResultsIn } from "./read-results.ts";
export { type JobWorld, runJobIn } from "./run-job.ts";
export { runJobHere } from "./run-job-here.ts";
export type { Storable } from "./state/index.ts";
