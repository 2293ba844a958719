import { formatBytes } from "../../base/index.ts";
import type { LeftBehindFile } from "../rehearsal/record.ts";
import type { JudgeContext } from "./context.ts";
import { matchesGlob } from "./match-glob.ts";
import type { RehearsalFinding } from "./verdict.ts";

/** Files that would have been lost, and files that were caught in the middle. */
export function fileFindings(context: JudgeContext): readonly RehearsalFinding[] {
  return [...leftBehind(context), ...halfWritten(context), ...damaged(context)];
}

const NAMES_SHOWN = 8;

/** L01: what lies on a machine's own disks when the job says that it is done. */
function leftBehind({ job, options }: JudgeContext): readonly RehearsalFinding[] {
  const declared = new Set(job.outputs.map(({ path }) => path));
  const missed = job.leftBehind.filter(
    ({ path }) => !declared.has(path) && !options.mayLose.some((glob) => matchesGlob(path, glob)),
  );
  const certain = missed.filter(({ afterCompletion, uncertain }) => afterCompletion && uncertain !== true);
  const perhaps = missed.filter(({ uncertain }) => uncertain === true);
  return [
    ...lostOn("tmp", certain),
    ...lostOn("scratch", certain),
    ...(job.finishedMs === undefined ? [] : perhapsLost(perhaps)),
  ];
}

function lostOn(
  where: LeftBehindFile["where"],
  lost: readonly LeftBehindFile[],
): readonly RehearsalFinding[] {
  const files = lost.filter((file) => file.where === where);
  if (files.length === 0) return [];
  const place = where === "tmp" ? "the machine's temporary folder" : "the machine's own disk";
  return [
    {
      id: "L01",
      severity: "fails",
      title: `What it left in ${where === "tmp" ? "/tmp" : "its working folder"} is gone`,
      detail: `When the job said that it was done, this lay on ${place} only: ${names(files)}. Nobody had saved it, and it went away with the machine.`,
      remedy: REMEDY,
    },
  ];
}

const REMEDY =
  "Write it into the checkpoint folder, or into a folder that outlives machines (--shared here, a network file system or a bucket there). What nobody needs: --may-lose '<pattern>'.";

/** Without namespaces all programs of this computer write into the same /tmp: nobody can tell whose a file is. */
function perhapsLost(files: readonly LeftBehindFile[]): readonly RehearsalFinding[] {
  if (files.length === 0) return [];
  return [
    {
      id: "L01",
      severity: "warns",
      title: "Something appeared in /tmp while it ran",
      detail: `${names(files)}. If it is the job's, it would have gone away with the machine. Rehearsed as root on Linux, every machine has a /tmp of its own, and this is certain.`,
      remedy: REMEDY,
    },
  ];
}

function names(files: readonly LeftBehindFile[]): string {
  const shown = files.slice(0, NAMES_SHOWN).map(({ path, bytes }) => `${path} (${formatBytes(bytes)})`);
  const more = files.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** C01: a file of the state that is written in place is sometimes saved in the middle. */
function halfWritten({ job }: JudgeContext): readonly RehearsalFinding[] {
  if (job.halfWritten.length === 0) return [];
  const paths = [...new Set(job.halfWritten.map(({ path }) => path))];
  const [first] = job.halfWritten;
  const restored = job.halfWritten.filter((file) => file.restored);
  const fate =
    restored.length > 0
      ? " The job was started again from such a checkpoint."
      : job.finishedMs === undefined
        ? ""
        : " By luck none of them was needed.";
  const sizes =
    first?.wholeBytes === undefined ? `${first?.bytes} bytes` : `${first.bytes} of ${first.wholeBytes} bytes`;
  return [
    {
      id: "C01",
      severity: "fails",
      title: "Its state was saved half-written",
      detail: `${paths.slice(0, NAMES_SHOWN).join(", ")}: open for writing when ${count(job.halfWritten.length)} made, ${sizes} in ${first?.checkpoint ?? "one"}.${fate}`,
      remedy:
        "Write every file of the state beside its final name and rename it when it is whole; or decide yourself when it is saved: --commit-by program.",
    },
  ];
}

function count(number: number): string {
  return number === 1 ? "a checkpoint was" : `${number} checkpoints were`;
}

function damaged({ job }: JudgeContext): readonly RehearsalFinding[] {
  const skipped = job.attempts.flatMap((attempt) => attempt.skippedCheckpoints ?? []);
  if (skipped.length === 0) return [];
  return [
    {
      id: "C13",
      severity: "warns",
      title: "A checkpoint could not be used",
      detail: `${skipped.join(" ")} The job went on from the one before.`,
      remedy: "This should not happen: look at the store's disk.",
    },
  ];
}
