import type { JudgeContext } from "./context.ts";
import type { RehearsalFinding } from "./verdict.ts";

/** Processes that did not end when they should have. */
export function processFindings({ job }: JudgeContext): readonly RehearsalFinding[] {
  const leftRunning = job.attempts.flatMap((attempt) => attempt.leftRunning ?? []);
  const ignored = job.attempts.flatMap(({ killed }) => killed).filter((name) => !leftRunning.includes(name));
  return [...ignoredStop(ignored), ...leftBehind(leftRunning, job.supervised)];
}

function ignoredStop(names: readonly string[]): readonly RehearsalFinding[] {
  if (names.length === 0) return [];
  return [
    {
      id: "S08",
      severity: "fails",
      title: "It does not stop when it is told to",
      detail: `Had to be killed: ${shown(names)}. What it had in memory since it last wrote its state was lost although there was time.`,
      remedy:
        "End on SIGTERM: set a flag in the handler, finish the step, write the state, leave with status 75. A shell that waits for a child does not hear it: start the child with exec, or with & and wait.",
    },
  ];
}

function leftBehind(names: readonly string[], supervised: boolean): readonly RehearsalFinding[] {
  if (names.length === 0) return [];
  return [
    {
      id: "S02",
      severity: "fails",
      title: "It leaves processes behind",
      detail: `Still alive after the job's first process had ended${supervised ? ", and had to be killed" : ""}: ${shown(names)}.`,
      remedy:
        "End what you start, and wait for it: a process that outlives its job goes on writing, or is cut off in the middle.",
    },
  ];
}

const NAMES_SHOWN = 5;

function shown(names: readonly string[]): string {
  const different = [...new Set(names)];
  const more = different.length - NAMES_SHOWN;
  return `${different.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
