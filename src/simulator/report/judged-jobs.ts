import { SpotproofError } from "../../base/index.ts";
import type { RehearsalRecord, RehearsedJob } from "../rehearsal/record.ts";
import type { JobVerdict, Verdict } from "../verdict/verdict.ts";

/** What happened to a job, and what that proved. */
export interface JudgedJob {
  readonly job: RehearsedJob;
  readonly verdict: JobVerdict;
}

/**
 * The jobs of a record, each with its verdict; the job itself is the first.
 * @throws SpotproofError `internal` when the two do not belong together.
 */
export function judgedJobs(record: RehearsalRecord, verdict: Verdict): readonly [JudgedJob, ...JudgedJob[]] {
  const [first, ...others] = record.jobs.map((job) => {
    const own = verdict.jobs.find((candidate) => candidate.id === job.id);
    if (own === undefined) {
      throw new SpotproofError("internal", `The verdict says nothing about "${job.id}" of the record.`);
    }
    return { job, verdict: own };
  });
  if (first === undefined) throw new SpotproofError("internal", "The record of the rehearsal has no job.");
  return [first, ...others];
}
