import type {
  InterruptionHappening,
  JobAttempt,
  RehearsalRecord,
  RehearsedJob,
} from "../rehearsal/record.ts";
import type { JudgeContext } from "./context.ts";
import type { RehearsalFinding } from "./verdict.ts";

/** Whether the job came to its end, and whether that end proves anything. */
export function endingFindings(context: JudgeContext): readonly RehearsalFinding[] {
  return [
    ...failsAlone(context),
    ...neverFinished(context),
    ...nothingHappened(context),
    ...outputsDiffer(context),
    ...failedByItself(context),
  ];
}

function failsAlone({ job }: JudgeContext): readonly RehearsalFinding[] {
  const { alone, gaveUp } = job;
  if (alone === undefined || alone.status === 0) return [];
  return [
    {
      id: "R01",
      severity: "fails",
      title: "It fails when nobody interrupts it",
      detail: `Alone, on a machine that stays, ${gaveUp ?? "it did not end well"}.${lastWords(job.lastWords)}`,
      remedy: "Make it work without interruptions first; a rehearsal cannot prove anything before.",
    },
  ];
}

function neverFinished({ job }: JudgeContext): readonly RehearsalFinding[] {
  if (job.finishedMs !== undefined || (job.alone !== undefined && job.alone.status !== 0)) return [];
  const reason = job.gaveUp ?? "it was not done when the rehearsal ended";
  const last = job.attempts.at(-1);
  if (last?.end.kind === "failed" && job.attempts.length > 0) {
    return [failsOnItsCheckpoint(last, job) ? cannotGoOn(last, job) : failedLater(last, reason, job)];
  }
  return [
    {
      id: "K14",
      severity: "fails",
      title: "It never finished",
      detail: `After ${job.attempts.length} starts on ${job.machines.length} machines: ${reason}.`,
      remedy:
        "Look at the lost work below: a job that loses more than it does between two interruptions never ends. Save more often, or make the first save come earlier.",
    },
  ];
}

/** Who has worked for so long, in ms, has read its checkpoint. */
const HAS_READ_MS = 2000;

function failsOnItsCheckpoint({ resumedFrom, workFromMs, toMs }: JobAttempt, job: RehearsedJob): boolean {
  if (resumedFrom === undefined) return false;
  const isBroken = job.halfWritten.some(({ checkpoint }) => checkpoint === resumedFrom);
  return isBroken || toMs - (workFromMs ?? toMs) < HAS_READ_MS;
}

function cannotGoOn(attempt: JobAttempt, job: RehearsedJob): RehearsalFinding {
  const open = job.halfWritten.filter(({ checkpoint }) => checkpoint === attempt.resumedFrom);
  const paths = open.map(({ path }) => path).join(", ");
  const cause =
    open.length === 0 ? "one of them was probably half-written" : `${paths} in the middle of a write`;
  return {
    id: "C01",
    severity: "fails",
    title: "It cannot go on from its own checkpoint",
    detail: `Put back as checkpoint ${attempt.resumedFrom} had saved it, ${attempt.end.reason}${job.alone === undefined ? "" : "; alone it does not fail"}. The files were saved as they lay there: ${cause}.${lastWords(job.lastWords)}`,
    remedy:
      "Write every file of the state beside its final name and rename it when it is whole; whoever looks then sees the state before or the state after.",
  };
}

function failedLater(attempt: JobAttempt, reason: string, job: RehearsedJob): RehearsalFinding {
  const before = job.alone === undefined ? "" : ", though it did not when it ran alone";
  return {
    id: "S10",
    severity: "fails",
    title: "It failed by itself",
    detail: `Attempt ${attempt.number}: ${reason}${before}.${lastWords(job.lastWords)}`,
    remedy:
      "Find out what is different on a new machine: a file that is not there, a folder, a lock left behind.",
  };
}

function nothingHappened({ record, job }: JudgeContext): readonly RehearsalFinding[] {
  const { interruptions } = record;
  const skipped = interruptions.filter((one) => hadNoEffect(one, record, job));
  if (skipped.length === 0 || job.id !== "job" || job.machines.length === 0) return [];
  const all = skipped.length === interruptions.length;
  const detail = all
    ? "No interruption came: the job was over before its first moment was reached."
    : `${skipped.length} of ${interruptions.length} interruptions never came: the job ${job.finishedMs === undefined ? "had ended" : "was done"} before.`;
  return [
    {
      id: "R02",
      severity: all ? "fails" : "warns",
      title: all ? "Nothing was proved" : "Not everything was tried",
      detail,
      remedy:
        "Give it more to do, or a higher --speed; with --no-alone, say how long it works (--length); a job that reports its progress (spotproof progress 40/100) is interrupted at exact shares of it.",
    },
  ];
}

/** An end that was announced and found the job done is none. */
const SAME_MOMENT_MS = 250;

function hadNoEffect(
  { skipped, number, endMs, wokeMs }: InterruptionHappening,
  { plan }: RehearsalRecord,
  job: RehearsedJob,
): boolean {
  if (skipped === true) return true;
  const planned = plan.interruptions.find((one) => one.number === number)?.end.kind;
  if (planned === "none" || planned === undefined || wokeMs !== undefined) return false;
  return !job.machines.some(
    ({ end, toMs }) => end !== "released" && endMs !== undefined && Math.abs(toMs - endMs) < SAME_MOMENT_MS,
  );
}

function outputsDiffer({ job }: JudgeContext): readonly RehearsalFinding[] {
  return job.outputs.flatMap(({ path, result, detail, durable }): RehearsalFinding[] => {
    switch (result) {
      case "same":
        return durable || job.finishedMs === undefined ? [] : [outputOnScratch(path)];
      case "missing-alone":
        // What is declared is the job's; the other may keep it elsewhere.
        if (job.id === "compare") return [];
        return [
          {
            id: "R03",
            severity: "fails",
            title: "A declared output does not exist",
            detail: `${path} was not there after the run alone either, so there is nothing to compare.`,
            remedy: "Name a file that the job writes, relative to the folder in which it is started.",
          },
        ];
      case "missing":
      case "different":
        return job.finishedMs === undefined
          ? []
          : [
              {
                id: "R03",
                severity: "fails",
                title: "Its result is another than without interruptions",
                detail: `${path} is ${result}${detail === undefined ? "" : `: ${detail}`}.`,
                remedy:
                  "Everything on which the result depends belongs into the checkpoint: random state, position in the data, counters. Where results may differ a little, say when two are the same with --same-by.",
              },
            ];
      default:
        return result satisfies never;
    }
  });
}

function outputOnScratch(path: string): RehearsalFinding {
  return {
    id: "L03",
    severity: "fails",
    title: "The result went away with the machine",
    detail: `${path} was right when the job said that it was done, but lay only on the machine's own disk: it was gone a moment later.`,
    remedy:
      "Write the result into the checkpoint folder (it is saved before the job counts as done), or into a folder that outlives machines.",
  };
}

function failedByItself({ job }: JudgeContext): readonly RehearsalFinding[] {
  const restarts = job.attempts.reduce((sum, attempt) => sum + (attempt.restarts ?? 0), 0);
  if (restarts === 0 || job.finishedMs === undefined) return [];
  return [
    {
      id: "S10",
      severity: "warns",
      title: "It failed by itself and was started again",
      detail: `${restarts} ${restarts === 1 ? "time" : "times"}; it got through in the end.${lastWords(job.lastWords)}`,
      remedy: "A failure right after a restore often means that a file was saved half-written.",
    },
  ];
}

const WORDS_SHOWN = 4;

function lastWords(words: readonly string[]): string {
  const said = words.filter((line) => line.trim() !== "").slice(-WORDS_SHOWN);
  return said.length === 0 ? "" : ` Its last words: ${said.join(" | ")}`;
}
