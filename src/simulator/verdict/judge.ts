import type { JobAttempt, RehearsalRecord, RehearsedJob } from "../rehearsal/record.ts";
import { endingFindings } from "./ending-findings.ts";
import { fileFindings } from "./file-findings.ts";
import { lossFindings } from "./loss-findings.ts";
import { processFindings } from "./process-findings.ts";
import { summaryOf } from "./summary.ts";
import type { JobTotals, JobVerdict, RehearsalFinding, Verdict } from "./verdict.ts";

/** What a user has decided beforehand. */
export interface JudgeOptions {
  /** Findings that do not count as failures, by their ids. */
  readonly allow: ReadonlySet<string>;
  /** Files that may go away with a machine: as `path.matchesGlob` would have it, with `*` and `**`. */
  readonly mayLose: readonly string[];
  /** Share of the whole work (0 to 1) that one interruption may cost. */
  readonly maxLostShare: number;
  /** The time between two saves, in ms of real time: what an end without notice must be allowed to cost. */
  readonly saveEveryMs: number;
}

/** What all findings of one job are made from. */
export interface JudgeContext {
  readonly record: RehearsalRecord;
  readonly job: RehearsedJob;
  readonly options: JudgeOptions;
}

/** Less than this is never too much, in ms: processes end and start at the speed of this computer. */
const ALWAYS_ALLOWED_MS = 2000;

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

/** How long one interruption may throw a job back, in ms of its work. */
export function allowedLossMs({ job, options }: JudgeContext): number {
  const share = (job.alone?.tookMs ?? 0) * options.maxLostShare;
  return Math.max(share, 2 * options.saveEveryMs, ALWAYS_ALLOWED_MS);
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
    ...(outputs.length === 0 ? {} : { outputsSame: outputs.every(({ result }) => result === "same") }),
  };
}

function largest(name: "longestSaveMs" | "longestRestoreMs", values: readonly number[]) {
  return values.length === 0 ? {} : { [name]: values.reduce((a, b) => Math.max(a, b), 0) };
}

/** The attempt that went on after another; undefined when there was none. */
export function successorOf(attempt: JobAttempt, job: RehearsedJob): JobAttempt | undefined {
  return job.attempts.find(({ number }) => number === attempt.number + 1);
}
