// What tests may import from "spotproof/testing".

export { createJobTest } from "./job-test.ts";
export type {
  JobTest,
  JobTestOptions,
  JobWork,
  TestedClock,
  TestedEnd,
  TestedEvent,
  TestedLife,
  TestedStore,
} from "./job-test.ts";
export type { CrashPlace, LifeOptions } from "./cuts.ts";
export {
  type DifferingCut,
  type EveryInterruptionOptions,
  type EveryInterruptionReport,
  InterruptionsDiffer,
} from "./every-interruption.ts";
export { SimulatedCrash } from "./played-life.ts";
export type { PlayedCheckpoint } from "./played-store.ts";
