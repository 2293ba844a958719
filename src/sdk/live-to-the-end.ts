import { SpotproofError, reasonOf } from "../base/index.ts";
import { isTroubleOfTheJob } from "../supervisor/index.ts";
import type { Job, JobEnd } from "./job.ts";
import type { Keeper } from "./keeping/keeper.ts";
import { JobLeaves, type Leaving } from "./leaving.ts";
import type { LiveJob } from "./live-job.ts";

// A life after the claim: the work, the last save, the record of the end.

/** How long the end is tried to be recorded when no deadline says less, in ms. */
const END_LIMIT_MS = 15_000;

/** A job that is done is worth some patience of the store's. */
const COMPLETED_LIMIT_MS = 3_600_000;

/** What a life after the claim works with. */
export interface LifeParts<Result> {
  readonly keeper: Keeper;
  readonly leaving: Leaving;
  readonly tell: LiveJob["tell"];
  readonly work: (job: Job) => Promise<Result> | Result;
}

/** Does the work and sees to its end. Throws what the work throws, and what makes it impossible to go on. */
export async function liveToTheEnd<Result>(
  parts: LifeParts<Result>,
  open: () => Promise<LiveJob>,
): Promise<JobEnd<Result>> {
  let job: LiveJob | undefined;
  try {
    job = await open();
    const result = await parts.work(job);
    return await afterReturn(parts, job, result);
  } catch (error) {
    return afterThrow(parts, job, error);
  }
}

/** The work function has returned: it is done, unless it left something that it had begun because it was to leave. */
async function afterReturn<Result>(
  { keeper, leaving, tell }: LifeParts<Result>,
  job: LiveJob,
  result: Result,
): Promise<JobEnd<Result>> {
  if (leaving.signal.aborted && (job.unfinished.size > 0 || job.wasToldToLeave)) {
    const what = job.unfinished.size === 0 ? "everything" : [...job.unfinished].join(", ");
    tell(
      "warn",
      "left-unfinished",
      `the work function has returned before ${what} was done, after the job was told to leave: that is not taken for completed. What was done since the last checkpoint is done again.`,
    );
    throw leaving.signal.reason;
  }
  await job.commitResult();
  const ended = await keeper.end(
    { kind: "completed", reason: "the work function has returned" },
    COMPLETED_LIMIT_MS,
  );
  if (ended === "fenced-out") return { kind: "fenced-out" };
  tell("info", "completed", `${keeper.job} is completed`);
  return { kind: "completed", result };
}

async function afterThrow<Result>(
  { keeper, leaving, tell }: LifeParts<Result>,
  job: LiveJob | undefined,
  error: unknown,
): Promise<JobEnd<Result>> {
  if (keeper.fencedOut.aborted || (error instanceof SpotproofError && error.code === "fenced-out")) {
    tell("warn", "fenced-out", "a later attempt has taken over this job; it goes on there");
    return { kind: "fenced-out" };
  }
  if (error instanceof JobLeaves) {
    const deadlineMs = leaving.interruption?.remainingMs;
    const limitMs = Math.min(END_LIMIT_MS, deadlineMs ?? END_LIMIT_MS);
    const reason = leaving.interruption?.cause ?? error.message;
    await keeper.end({ kind: error.why, reason }, limitMs);
    tell("info", error.why, `${reason}: start the program again to go on`);
    return { kind: error.why, reason };
  }
  await job?.recorder.giveUp();
  const isMachine = error instanceof SpotproofError && !isTroubleOfTheJob(error);
  const reason = isMachine ? `this machine could not go on: ${reasonOf(error)}` : reasonOf(error);
  const kind = isMachine ? "interrupted" : "failed";
  // What cannot be recorded was told: the error of the work is what counts.
  await keeper.end({ kind, reason, ...(isMachine ? {} : { exitStatus: 1 }) }, END_LIMIT_MS);
  throw error;
}
