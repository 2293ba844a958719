import { SpotproofError } from "../base/index.ts";

/** What every call of a job rejects with after a later claim (J3). */
export function fencedOut(): SpotproofError {
  return new SpotproofError("fenced-out", "A later attempt owns this job.");
}
