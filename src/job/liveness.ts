import { type Clock, type JobName, type Random, newAttemptToken } from "../base/index.ts";
import type { Store } from "../store/store.ts";
import { endLostAttempt } from "./end-lost-attempt.ts";
import { type Observed, observeAttempt } from "./observe-attempt.ts";
import type { OutcomeRecord } from "./records.ts";
import { type StoredJob, latestClaim, readOutcome } from "./stored-records.ts";

/** How a job is looked at by somebody who does not want to run it. */
export interface LivenessOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long a heartbeat must stay unchanged before its attempt counts as lost, in ms. */
  readonly leaseMs: number;
  /** How often live attempts rewrite theirs, in ms. */
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
}

/** What is known of the latest attempt of a job. */
export type Liveness =
  | { readonly kind: "never-claimed" }
  | { readonly kind: "ended"; readonly attempt: number; readonly outcome: OutcomeRecord }
  /** Its heartbeat has just changed. */
  | { readonly kind: "alive"; readonly attempt: number; readonly host: string }
  /** Silent for the whole lease (K06). Nothing was written about it: the next start will take the job over. */
  | { readonly kind: "silent"; readonly attempt: number; readonly host: string }
  | { readonly kind: "aborted" };

/** Observes the latest attempt until it moves, ends, or has been silent for a lease. Writes nothing. */
export async function observeLiveness(
  store: Store,
  job: JobName,
  options: LivenessOptions,
): Promise<Liveness> {
  const stored: StoredJob = { store, job };
  const claim = await latestClaim(stored, { signal: options.signal });
  if (claim === undefined) return { kind: "never-claimed" };
  const { attempt, host } = claim;
  const observed: Observed = await observeAttempt(stored, claim, options, true);
  switch (observed.kind) {
    case "ended":
      return { kind: "ended", attempt, outcome: observed.outcome };
    case "alive":
    case "silent":
      return { kind: observed.kind, attempt, host };
    case "aborted":
      return { kind: "aborted" };
    default:
      return observed satisfies never;
  }
}

/** Whether everything of a job may be touched now. */
export type Ended =
  | { readonly kind: "never-claimed" }
  | { readonly kind: "ended"; readonly attempt: number; readonly outcome: OutcomeRecord }
  /** It has no outcome. Without `observe` that is all that is known; with it, its heartbeat has changed. */
  | { readonly kind: "alive"; readonly attempt: number; readonly host: string }
  | { readonly kind: "aborted" };

/**
 * Makes sure that no attempt of a job owns it. An attempt without an outcome counts as alive, unless `observe` is given:
 * then it is observed for up to a whole lease, and when it is silent all the time its outcome `lost` is created, as a
 * claimant would.
 */
export async function requireEnded(
  store: Store,
  job: JobName,
  options: { readonly observe?: LivenessOptions | undefined; readonly signal: AbortSignal },
): Promise<Ended> {
  const stored: StoredJob = { store, job };
  const { observe, signal } = options;
  const claim = await latestClaim(stored, { signal });
  if (claim === undefined) return { kind: "never-claimed" };
  const { attempt, host } = claim;
  const outcome = await readOutcome(stored, attempt, { signal });
  if (outcome !== undefined) return { kind: "ended", attempt, outcome };
  if (observe === undefined) return { kind: "alive", attempt, host };
  const observed = await observeAttempt(stored, claim, observe, true);
  if (observed.kind === "ended") return { kind: "ended", attempt, outcome: observed.outcome };
  if (observed.kind !== "silent")
    return observed.kind === "aborted" ? observed : { kind: "alive", attempt, host };
  const lost = await endLostAttempt(stored, claim, observed.heartbeat, observe, newAttemptToken());
  return lost === "moved" ? { kind: "alive", attempt, host } : { kind: "ended", attempt, outcome: lost };
}
