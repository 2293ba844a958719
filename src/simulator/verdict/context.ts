import type { JobAttempt, RehearsalRecord, RehearsedJob } from "../rehearsal/record.ts";

/** What a user has decided beforehand. */
export interface JudgeOptions {
  /** Findings that do not count as failures, by their ids. */
  readonly allow: ReadonlySet<string>;
  /** Files that may go away with a machine: as `path.matchesGlob` would have it, with `*` and `**`. */
  readonly mayLose: readonly string[];
  /** Share of the whole work (0 to 1) that one interruption may cost. */
  readonly maxLostShare: number;
  /** How long the whole work takes, in ms, where it was not measured. */
  readonly lengthMs?: number | undefined;
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

/** How long one interruption may throw a job back, in ms of its work. */
export function allowedLossMs({ job, options }: JudgeContext): number {
  const share = (job.alone?.tookMs ?? options.lengthMs ?? 0) * options.maxLostShare;
  return Math.max(share, 2 * options.saveEveryMs, ALWAYS_ALLOWED_MS);
}

/** The attempt that worked after another; undefined when none did. Numbers have gaps: some attempts end before their first word. */
export function successorOf(attempt: JobAttempt, job: RehearsedJob): JobAttempt | undefined {
  return job.attempts.find(({ number, workFromMs }) => number > attempt.number && workFromMs !== undefined);
}
