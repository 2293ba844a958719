import { formatDuration } from "../../base/index.ts";
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
    totals.lostMs < 100
      ? "lost no work"
      : `lost ${formatDuration(totals.lostMs)} of ${formatDuration(totals.usefulMs + totals.lostMs)} of work`;
  const result = totals.outputsSame === true ? ", and its result is the same as without interruptions" : "";
  const but = worst === undefined ? "" : ` But: ${worst.title.toLowerCase()}.`;
  return `${machine}, finished, and ${work}${worst === undefined ? result : ""}.${but}`;
}
