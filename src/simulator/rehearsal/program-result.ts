import type { ProgramEnd } from "../fleet/index.ts";
import type { AttemptDraft } from "./attempt-draft.ts";
import type { LaneMachine } from "./lane-machine.ts";
import type { JobAttemptEnd } from "./record.ts";

/** What the end of a program means for its lane. */
export type ProgramResult =
  | { readonly kind: "completed" }
  /** For good: starting it again would not help. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Start it again: here if the machine stays, else on the next. */
  | {
      readonly kind: "again" /** The machine or the store could not be used, and why. */;
      readonly unusable?: string;
    }
  /** Another attempt was alive, and it did not want to stand by: start it again once nobody works. */
  | { readonly kind: "running-elsewhere" }
  /** Another machine has the job, or had it: this one is of no use any more. */
  | { readonly kind: "not-needed" };

/** A program that has ended, and what is known of it. */
export interface EndedProgram {
  readonly end: ProgramEnd;
  readonly attempt: AttemptDraft | undefined;
  readonly machine: LaneMachine;
  readonly supervised: boolean;
  readonly atMs: number;
}

// The exit statuses by which `spotproof run` says more than "failed" (docs/exit-codes.md).
const DONE = 0;
const UNAVAILABLE = 69;
const ENDED_ELSEWHERE = 72;
const RUNNING_ELSEWHERE = 73;
const LOCAL_DISK = 74;
const INTERRUPTED = 75;
const FENCED_OUT = 76;

/** Judges the end of a program, and completes what is known of its attempt. */
export function judgeProgram(program: EndedProgram): ProgramResult {
  const { attempt, atMs } = program;
  const { result, end } = program.machine.isEnding ? died(program) : judge(program);
  if (attempt !== undefined) {
    attempt.workToMs ??= atMs;
    attempt.toMs = atMs;
    attempt.end = end;
  }
  return result;
}

interface Judgement {
  readonly result: ProgramResult;
  readonly end: JobAttemptEnd;
}

/** Ends of an attempt that stay what they are, whatever becomes of its machine. */
const RECORDED = ["completed", "interrupted", "fenced-out"] as const;

/** The machine was taken away: what counts is whether the attempt had come to its end before. */
function died({ attempt, end }: EndedProgram): Judgement {
  const outcome = attempt?.outcome;
  const recorded = RECORDED.find((kind) => kind === outcome?.kind) ?? "died";
  const reason = outcome?.reason ?? "the machine was taken away while it ran";
  return { result: { kind: "again" }, end: { kind: recorded, reason, ...end } };
}

function judge(program: EndedProgram): Judgement {
  const { end, attempt, supervised, machine } = program;
  const { status } = end;
  const how = describeEnd(end);
  const reason = attempt?.outcome?.reason ?? how;
  const ended = (kind: JobAttemptEnd["kind"]): JobAttemptEnd => ({ kind, reason, ...end });
  const failed: Judgement = { result: { kind: "failed", reason: `the job ${how}` }, end: ended("failed") };
  if (status === DONE) return { result: { kind: "completed" }, end: ended("completed") };
  if (status === INTERRUPTED) return { result: { kind: "again" }, end: ended("interrupted") };
  if (!supervised) {
    // Whoever leaves in the last minutes of a machine may have done so because of them.
    return machine.isLeaving ? { result: { kind: "again" }, end: ended("interrupted") } : failed;
  }
  if (status === FENCED_OUT) return { result: { kind: "not-needed" }, end: ended("fenced-out") };
  if (status === ENDED_ELSEWHERE) return { result: { kind: "not-needed" }, end: ended("interrupted") };
  if (status === RUNNING_ELSEWHERE)
    return { result: { kind: "running-elsewhere" }, end: ended("interrupted") };
  if (status === UNAVAILABLE || status === LOCAL_DISK)
    return { result: { kind: "again", unusable: `spotproof run ${how}` }, end: ended("interrupted") };
  return failed;
}

/** For people: `ended with status 3`, `was ended by SIGKILL`. */
export function describeEnd({ status, signal }: ProgramEnd): string {
  return signal === null ? `ended with status ${String(status)}` : `was ended by ${signal}`;
}
