import { type JobName, parseJobName, systemClock, systemRandom } from "../../src/base/index.ts";
import { type Attempt, type ClaimRequest, claimJob } from "../../src/job/index.ts";
import type { Store } from "../../src/store/store.ts";

/** The job that is claimed where a test does not care which. */
export const CLAIMED_JOB: JobName = parseJobName("train");

/** What a claim by this process asks for, with heartbeats so quick that a test can wait for a lost attempt. */
export function claimRequest(store: Store, options: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    store,
    job: CLAIMED_JOB,
    clock: systemClock,
    random: systemRandom,
    command: ["true"],
    host: "here",
    pid: process.pid,
    heartbeatMs: 100,
    leaseMs: 300,
    ifRunning: "standby",
    maxIdleAttempts: 0,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
    ...options,
  };
}

/** Claims the job; throws when the claim ends otherwise. */
export async function claim(store: Store, options: Partial<ClaimRequest> = {}): Promise<Attempt> {
  const result = await claimJob(claimRequest(store, options));
  if (result.kind !== "claimed") throw new Error(`the claim ended as ${result.kind}`);
  return result.attempt;
}
