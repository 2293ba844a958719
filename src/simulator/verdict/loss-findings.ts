import { formatDuration } from "../../base/index.ts";
import type { JobAttempt, RehearsedJob } from "../rehearsal/record.ts";
import { type JudgeContext, allowedLossMs, successorOf } from "./context.ts";
import { noticeUses } from "./notice-use.ts";
import type { RehearsalFinding } from "./verdict.ts";

/** Whether too much work was lost, and to what. */
export function lossFindings(context: JudgeContext): readonly RehearsalFinding[] {
  const again = [...beganAgain(context), ...restoredInVain(context)];
  const lost = again.length === 0 ? tooMuchLost(context) : again;
  return [
    ...lost,
    ...(lost.length === 0 ? tooShortToTell(context) : []),
    ...twoAtOnce(context),
    ...lateLeaving(context),
    ...notHeard(context),
    ...tightWindow(context),
  ];
}

/** Attempts that had worked for longer than may be lost, and whose successor began where the job itself had begun. */
function beganAgain(context: JudgeContext): readonly RehearsalFinding[] {
  const { job } = context;
  const allowedMs = allowedLossMs(context);
  const thrownBack = job.attempts.filter((attempt) => {
    const isAllLost = job.attempts.every((one) => one.number > attempt.number || one.usefulMs === 0);
    return attempt.lostMs > 0 && isAllLost && successorOf(attempt, job) !== undefined;
  });
  if (!thrownBack.some(({ lostMs }) => lostMs > allowedMs)) return [];
  const lostMs = thrownBack.reduce((sum, attempt) => sum + attempt.lostMs, 0);
  const saved = job.attempts.some(({ saves }) => saves.length > 1);
  return [
    {
      id: "K08",
      severity: "fails",
      title: "An interruption threw it back to its beginning",
      detail: `${count(thrownBack.length, "time")}: ${formatDuration(lostMs)} of work were done again. ${whyFromNothing(job, saved)}`,
      remedy: job.supervised
        ? "Write what the job needs to go on into its checkpoint folder every now and then, and read it at the start. examples/survives shows how in a few lines."
        : "Start it under Spotproof, with a folder for its state: spotproof run --checkpoint ./ckpt … -- <command>.",
    },
  ];
}

function whyFromNothing(job: RehearsedJob, saved: boolean): string {
  if (!job.supervised) return "Nothing saves its state, so each machine began from nothing.";
  return saved
    ? "Its checkpoint folder was saved, but held nothing new."
    : "It left nothing in its checkpoint folder that could have been saved.";
}

/** A checkpoint was put back, but the job did not read it. */
function restoredInVain({ job }: JudgeContext): readonly RehearsalFinding[] {
  const inVain = job.attempts.filter((attempt) => ignoredItsCheckpoint(attempt, job));
  const detail =
    inVain.length > 0 ? inVain.map((attempt) => describeVain(attempt, job)).join(" ") : didAllAtTheEnd(job);
  if (detail === undefined) return [];
  return [
    {
      id: "K08",
      severity: "fails",
      title: "Its checkpoint was put back, but it began again",
      detail,
      remedy: "Read the saved state at the start, before the first step, and go on from there.",
    },
  ];
}

/** So much of the whole work was put back before the last attempt, and that one needed so much of the whole all the same. */
const PUT_BACK_SHARE = 0.4;
const WHOLE_SHARE = 0.95;

/**
 * What changes in the checkpoint folder may be a log. Who does not read what was put back does the whole work in the last
 * attempt; who reads it, and only starts slowly, does not.
 */
function didAllAtTheEnd(job: RehearsedJob): string | undefined {
  const aloneMs = job.alone?.tookMs;
  // Who reports progress is judged by that.
  if (job.attempts.some(({ progress }) => progress.length > 0)) return undefined;
  const last = job.attempts.find(({ end }) => end.kind === "completed");
  if (aloneMs === undefined || last?.resumedFrom === undefined) return undefined;
  const putBackMs = usefulMsOf(job) - last.usefulMs;
  if (putBackMs < Math.max(1000, aloneMs * PUT_BACK_SHARE) || last.usefulMs < aloneMs * WHOLE_SHARE)
    return undefined;
  return `What was put back held ${formatDuration(putBackMs)} of work, and yet the last attempt needed ${formatDuration(last.usefulMs)}; alone the whole takes ${formatDuration(aloneMs)}.`;
}

function usefulMsOf(job: RehearsedJob): number {
  return job.attempts.reduce((sum, attempt) => sum + attempt.usefulMs, 0);
}

function ignoredItsCheckpoint(attempt: JobAttempt, job: RehearsedJob): boolean {
  const saved = savedProgress(attempt, job);
  const first = attempt.progress[0]?.done;
  return saved !== undefined && first !== undefined && saved > 0 && first < saved / 2;
}

/** What had been reported when the checkpoint was made from which an attempt went on. */
function savedProgress(attempt: JobAttempt, job: RehearsedJob): number | undefined {
  if (attempt.resumedFrom === undefined) return undefined;
  const author = job.attempts.find(({ saves }) => saves.some(({ id }) => id === attempt.resumedFrom));
  const save = author?.saves.find(({ id }) => id === attempt.resumedFrom);
  if (author === undefined || save === undefined) return undefined;
  return author.progress.findLast(({ atMs }) => atMs <= save.atMs - save.durationMs)?.done;
}

function describeVain(attempt: JobAttempt, job: RehearsedJob): string {
  const first = attempt.progress[0];
  return `Attempt ${attempt.number} was given ${savedProgress(attempt, job)} ${first?.unit ?? "steps"} and first reported ${first?.done}.`;
}

/** More was lost than an interruption may cost. */
function tooMuchLost(context: JudgeContext): readonly RehearsalFinding[] {
  const { job } = context;
  const allowedMs = allowedLossMs(context);
  return job.attempts
    .filter((attempt) => attempt.lostMs > allowedMs && successorOf(attempt, job) !== undefined)
    .map((attempt) => {
      const announced = attempt.heardMs !== undefined;
      return {
        id: announced ? "C07" : "D08",
        severity: "fails",
        title: announced
          ? "Work was lost although the end was announced"
          : "An end without notice cost too much",
        detail: `Attempt ${attempt.number} lost ${formatDuration(attempt.lostMs)} of its work; ${formatDuration(allowedMs)} may be lost.`,
        remedy: announced
          ? "The job saves its state too seldom: let it write when it is told to stop (SIGTERM), or more often."
          : "Let the job write its state more often, and save more often (--every); or say what may be lost with --max-lost.",
      } satisfies RehearsalFinding;
    });
}

/** A job that loses more than this share of its work to one interruption has lost most of it, whatever may be lost. */
const MOST_OF_IT = 0.5;

/** R02: of a job that is over within two saves nearly everything may be lost, and that proves nothing. */
function tooShortToTell(context: JudgeContext): readonly RehearsalFinding[] {
  const { job, options } = context;
  const wholeMs = job.alone?.tookMs ?? options.lengthMs;
  const worst = job.attempts
    .filter((attempt) => successorOf(attempt, job) !== undefined)
    .reduce((most, { lostMs }) => Math.max(most, lostMs), 0);
  if (job.finishedMs === undefined || wholeMs === undefined) return [];
  if (worst <= wholeMs * Math.max(MOST_OF_IT, options.maxLostShare)) return [];
  return [
    {
      id: "R02",
      severity: "fails",
      title: "It is too short to tell",
      detail: `One interruption cost ${formatDuration(worst)}, and the whole takes ${formatDuration(wholeMs)}. As much may always be lost (${formatDuration(allowedLossMs(context))}, for saves come only now and then), so a job that keeps nothing looks the same.`,
      remedy: "Give it more to do: some ten seconds at least, better a few minutes.",
    },
  ];
}

/** K01: the old machine and the new one both worked. */
function twoAtOnce({ job }: JudgeContext): readonly RehearsalFinding[] {
  for (const attempt of job.attempts) {
    const machine = job.machines.find(({ number }) => number === attempt.machine);
    const successor = successorOf(attempt, job);
    const woke = machine?.pauses.at(-1)?.toMs;
    if (woke === undefined || successor?.workFromMs === undefined) continue;
    const bothMs =
      Math.min(attempt.toMs, machine?.toMs ?? attempt.toMs) - Math.max(woke, successor.workFromMs);
    if (attempt.end.kind === "fenced-out" || bothMs <= 0) continue;
    return [
      {
        id: "K01",
        severity: job.supervised ? "warns" : "fails",
        title: "Two copies of it worked at the same time",
        detail: `A machine that had been taken for lost woke up again, and both worked for ${formatDuration(bothMs)}. Nothing told the old one that it was replaced.`,
        remedy: job.supervised
          ? "Writes of the old attempt to the store are never read. For writes elsewhere hand SPOTPROOF_ATTEMPT_TOKEN to the other system."
          : "Start it under Spotproof: an attempt that was replaced is stopped as soon as it wakes up, and nothing that it writes is read.",
      },
    ];
  }
  return [];
}

/** A notice of this length, in ms of real time, is enough for anything that need not save much. */
const ENOUGH_MS = 2500;

function lateLeaving({ record, job }: JudgeContext): readonly RehearsalFinding[] {
  if (!job.supervised) return [];
  const late = noticeUses(record, job).filter(
    ({ leadMs, heardAfterMs, leftBeforeEndMs }) =>
      leadMs >= ENOUGH_MS && heardAfterMs !== undefined && leftBeforeEndMs === undefined,
  );
  if (late.length === 0) return [];
  return [
    {
      id: "C07",
      severity: "warns",
      title: "It did not leave before its machine did",
      detail: `At interruption ${late.map(({ interruption }) => interruption).join(", ")} it had heard the notice, but was still there at the end: its last save may not have been made.`,
      remedy: "Look at how long a save takes (below) and how long the job takes to stop.",
    },
  ];
}

function notHeard({ record, job }: JudgeContext): readonly RehearsalFinding[] {
  const given = noticeUses(record, job);
  const deaf = given.filter(({ heardAfterMs }) => heardAfterMs === undefined);
  if (!job.supervised || deaf.length === 0) return [];
  return [
    {
      id: "D04",
      severity: "warns",
      title: "Notices were not heard",
      detail: `${deaf.length} of ${given.length}: the metadata service did not answer, the notice was too short, or the job was just starting. What saved it were the saves at intervals.`,
      remedy:
        "Nothing to do when the scenario makes the service silent. On a real machine: docs/guides/notices.md.",
    },
  ];
}

/** Saves are not quicker in a cloud: against the real window they must be short. */
const WINDOW_SHARE = 0.5;

function tightWindow({ record, job }: JudgeContext): readonly RehearsalFinding[] {
  const saves = job.attempts.flatMap((attempt) => attempt.saves);
  const longestMs = saves.reduce((longest, { durationMs }) => Math.max(longest, durationMs), 0);
  const windows = record.interruptions.flatMap(({ leadMs, endMs }) =>
    leadMs === undefined || endMs === undefined || leadMs * record.speed < 30_000
      ? []
      : leadMs * record.speed,
  );
  const windowMs = windows.reduce((shortest, ms) => Math.min(shortest, ms), Number.POSITIVE_INFINITY);
  if (longestMs <= windowMs * WINDOW_SHARE) return [];
  return [
    {
      id: "C07",
      severity: "warns",
      title: "A save takes a large part of the notice",
      detail: `The longest took ${formatDuration(longestMs)}; a real notice would be ${formatDuration(windowMs)}.`,
      remedy:
        "Keep less in the checkpoint folder, or in files that change less, so that less has to be saved.",
    },
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
