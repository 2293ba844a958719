import type { RehearsalRecord } from "../rehearsal/record.ts";
import type { JudgeContext, JudgeOptions } from "./context.ts";
import { endingFindings } from "./ending-findings.ts";
import { fileFindings } from "./file-findings.ts";
import { lossFindings } from "./loss-findings.ts";
import { noticeUses } from "./notice-use.ts";
import { processFindings } from "./process-findings.ts";
import { summaryOf } from "./summary.ts";
import type { JobTotals, JobVerdict, RehearsalFinding, Verdict } from "./verdict.ts";

/** Holds what happened in a rehearsal against what a job that survives interruptions must do. */
export function judge(record: RehearsalRecord, options: JudgeOptions): Verdict {
  const jobs = record.jobs.map((job) => judgeJob({ record, job, options }));
  const main = jobs.find(({ id }) => id === "job");
  return { jobs, spotProof: main?.spotProof ?? false };
}

function judgeJob(context: JudgeContext): JobVerdict {
  const { job, options } = context;
  const found = [
    ...endingFindings(context),
    ...lossFindings(context),
    ...fileFindings(context),
    ...processFindings(context),
  ];
  const findings = found
    .map((finding) => withAllowance(finding, options.allow))
    .sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const spotProof = findings.every(({ severity }) => severity !== "fails");
  const totals = totalsOf(context);
  return { id: job.id, spotProof, summary: summaryOf(context, totals, findings), findings, totals };
}

const RANK = { fails: 0, allowed: 1, warns: 2 } as const;

function withAllowance(finding: RehearsalFinding, allow: ReadonlySet<string>): RehearsalFinding {
  return finding.severity === "fails" && allow.has(finding.id)
    ? { ...finding, severity: "allowed" }
    : finding;
}

function totalsOf({ record, job }: JudgeContext): JobTotals {
  const { attempts, machines, outputs } = job;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const machineMs = sum(machines.map(({ fromMs, toMs }) => toMs - fromMs));
  const usefulMs = sum(attempts.map((attempt) => attempt.usefulMs));
  const lostProgress = attempts.flatMap((attempt) => attempt.lostProgress ?? []);
  const unit = attempts.flatMap(({ progress }) => progress).find((point) => point.unit !== undefined)?.unit;
  const saves = attempts.flatMap((attempt) => attempt.saves);
  const restores = attempts.flatMap(({ restoreMs }) => restoreMs ?? []);
  const leads = record.interruptions.flatMap(({ endMs, leadMs }) =>
    endMs === undefined ? [] : (leadMs ?? []),
  );
  return {
    finished: job.finishedMs !== undefined,
    interruptions: machines.filter(({ end }) => end !== "released").length,
    attempts: attempts.length,
    usefulMs,
    lostMs: sum(attempts.map((attempt) => attempt.lostMs)),
    worstLostMs: Math.max(0, ...attempts.map((attempt) => attempt.lostMs)),
    ...(lostProgress.length === 0 ? {} : { lostProgress: sum(lostProgress), unit }),
    goodput: machineMs === 0 ? 0 : Math.min(1, usefulMs / machineMs),
    saves: saves.length,
    ...largest(
      "longestSaveMs",
      saves.map(({ durationMs }) => durationMs),
    ),
    ...largest("longestRestoreMs", restores),
    ...(leads.length === 0 ? {} : { shortestLeadMs: Math.min(...leads) }),
    notices: noticeUses(record, job),
    ...(outputs.length === 0 ? {} : { outputsSame: outputs.every(({ result }) => result === "same") }),
  };
}

function largest(name: "longestSaveMs" | "longestRestoreMs", values: readonly number[]) {
  return values.length === 0 ? {} : { [name]: values.reduce((a, b) => Math.max(a, b), 0) };
}
