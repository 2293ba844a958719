import type { JobTotals } from "../../src/simulator/index.ts";
import type { Rehearsed } from "./rehearse.ts";

/** What the demo has shown. */
export interface Outcome {
  /** Whether everything came as the demo had announced it. */
  readonly shown: boolean;
  /** Two sentences for people; when not everything came as announced: what did not. */
  readonly words: string;
}

/** Holds what was seen against what the demo has announced. */
export function outcomeOf({ record, verdict }: Rehearsed): Outcome {
  const job = verdict.jobs.find(({ id }) => id === "job");
  const compare = verdict.jobs.find(({ id }) => id === "compare");
  if (job === undefined || compare === undefined) return { shown: false, words: "a job is missing." };
  const planned = record.plan.interruptions.length;
  const broken = [
    ...(job.spotProof ? [] : ["the training with Spotproof was not spot-proof"]),
    ...(job.totals.outputsSame === true ? [] : ["its weights are not those of the run in peace"]),
    ...(job.totals.interruptions === planned
      ? []
      : [`it lost its machine ${job.totals.interruptions} times instead of ${planned} times`]),
    ...(compare.spotProof ? ["the training as written proved spot-proof too"] : []),
  ];
  if (broken.length > 0) return { shown: false, words: `${broken.join("; ")}.` };
  return {
    shown: true,
    words:
      `with Spotproof the training lost its machine ${planned} times and ends with the same weights as without interruptions, bit for bit; ${costOf(job.totals)}. ` +
      `As written it began again from nothing each time; ${costOf(compare.totals)}.`,
  };
}

function costOf({ lostMs, usefulMs }: JobTotals): string {
  const [lost, all] = [lostMs, usefulMs + lostMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  return `${lost} of ${all} of its work were lost`;
}
