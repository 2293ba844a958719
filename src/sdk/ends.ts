import type { JobName } from "../base/index.ts";
import type { ClaimResult } from "../job/index.ts";
import type { JobEnd } from "./job.ts";
import type { JobSurroundings } from "./job-parts.ts";

/** How a life ends that never owned the job. */
export function endOfUnclaimed(
  { tell }: Pick<JobSurroundings, "tell">,
  job: JobName,
  claim: Exclude<ClaimResult, { kind: "claimed" }>,
  byUser: boolean,
): JobEnd<never> {
  const say = (kind: string, text: string): void => tell({ level: "info", kind, text });
  switch (claim.kind) {
    case "completed":
      say("already-completed", `${job} was completed by attempt ${claim.outcome.attempt}: nothing to do`);
      return { kind: "completed-before" };
    case "running-elsewhere":
      say("running-elsewhere", `attempt ${claim.attempt} of ${job} is alive on ${claim.host}: leaving`);
      return claim;
    case "ended-elsewhere": {
      const { attempt, kind, reason } = claim.outcome;
      say(
        "ended-elsewhere",
        `attempt ${attempt} of ${job} ended as ${kind} (${reason}): standing by no longer`,
      );
      return { kind: "ended-elsewhere", reason };
    }
    case "no-progress":
    case "aborted": {
      const reason = byUser
        ? "stopped before the job was claimed"
        : "this machine is about to go away: the job was not claimed";
      say("left-before-claim", reason);
      return { kind: byUser ? "stopped" : "interrupted", reason };
    }
    default:
      return claim satisfies never;
  }
}
