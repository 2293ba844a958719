import { formatDuration } from "../../base/index.ts";
import type { RehearsedJob } from "../rehearsal/record.ts";
import type { JudgeContext } from "./context.ts";
import type { JobTotals, RehearsalFinding } from "./verdict.ts";

/** One sentence: what happened to a job. */
export function summaryOf(
  { job, record }: JudgeContext,
  totals: JobTotals,
  findings: readonly RehearsalFinding[],
): string {
  if (job.machines.length === 0)
    return "It was not rehearsed, because a job failed when nobody interrupted it.";
  const lost = totals.interruptions;
  const times = lost === 1 ? "once" : lost === 2 ? "twice" : `${lost} times`;
  const warnings = record.interruptions.filter(({ skipped }) => skipped !== true).length;
  const machine =
    lost === 0
      ? `No machine was taken from it (${warnings} ${warnings === 1 ? "warning" : "warnings"})`
      : `It lost its machine ${times}`;
  const worst = findings.find(({ severity }) => severity === "fails");
  if (!totals.finished) return `${machine} and never finished: ${job.gaveUp ?? "it was not done"}.`;
  const work =
    (findings.some(({ id }) => id === "K08") ? workedTwice(job, totals) : undefined) ?? lostWork(totals);
  const result = totals.outputsSame === true ? ", and its result is the same as without interruptions" : "";
  const but = worst === undefined ? "" : ` But: ${worst.title.toLowerCase()}.`;
  return `${machine}, finished, and ${work}${worst === undefined ? result : ""}.${but}`;
}

function lostWork({ lostMs, usefulMs }: JobTotals): string {
  if (lostMs < 100) return "lost no work";
  return `lost ${formatDuration(lostMs)} of ${formatDuration(usefulMs + lostMs)} of work`;
}

/** More work than alone by this factor is work that was done again. */
const AGAIN = 1.3;

/** Of a job that did not read what was put back nothing counts as lost, and yet it did much of its work twice. */
function workedTwice({ alone }: RehearsedJob, { usefulMs, lostMs }: JobTotals): string | undefined {
  if (alone === undefined || usefulMs < alone.tookMs * AGAIN) return undefined;
  return `worked for ${formatDuration(usefulMs + lostMs)} where ${formatDuration(alone.tookMs)} are enough`;
}
