import { EXIT, SpotproofError, exitStatusOfError } from "../base/index.ts";
import type { Job, JobEnd, JobOptions } from "./job.ts";
import { openStoreOf } from "./keeping/open-alone.ts";
import { sayLine, surroundingsOf } from "./process-surroundings.ts";
import { runJobIn } from "./run-job.ts";

/** `runJob` in the process that is given. */
export async function runJobHere<Result>(
  program: NodeJS.Process,
  name: string,
  options: JobOptions,
  work: (job: Job) => Promise<Result> | Result,
): Promise<JobEnd<Result>> {
  const surroundings = surroundingsOf(program, options?.onEvent);
  const world = { surroundings, openStore: openStoreOf };
  if (options?.ending === "return") return runJobIn(world, name, options, work);
  let end: JobEnd<Result>;
  try {
    end = await runJobIn(world, name, options, work);
  } catch (error) {
    // What the work throws is its author's, stack and all. What we throw says what to do.
    if (!(error instanceof SpotproofError)) throw error;
    sayLine(`spotproof: error: ${error.message}`);
    sayLine(`           ${error.entry.advice}`);
    return surroundings.exit(exitStatusOfError(error.code));
  }
  const status = statusOf(end);
  return status === undefined ? end : surroundings.exit(status);
}

/** The status with which a program ends that is not done; undefined when it may go on. */
function statusOf({ kind }: JobEnd<unknown>): number | undefined {
  switch (kind) {
    case "completed":
    case "completed-before":
      return undefined;
    case "interrupted":
      return EXIT.interrupted.status;
    case "stopped":
      return EXIT.stoppedByUser.status;
    case "fenced-out":
      return EXIT.fencedOut.status;
    case "running-elsewhere":
      return EXIT.runningElsewhere.status;
    case "ended-elsewhere":
      return EXIT.endedElsewhere.status;
    default:
      return kind satisfies never;
  }
}
