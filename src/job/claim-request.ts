import type { Clock, JobName, Random, SpotproofError } from "../base/index.ts";
import type { Store } from "../store/store.ts";
import type { Attempt } from "./attempt.ts";
import type { OutcomeRecord } from "./records.ts";

/** What `claimJob` needs. */
export interface ClaimRequest {
  readonly store: Store;
  readonly job: JobName;
  readonly clock: Clock;
  readonly random: Random;
  readonly command: readonly string[];
  readonly host: string;
  readonly pid: number;
  /** A live attempt's heartbeat changes at least this often, in ms. Default 10,000. */
  readonly heartbeatMs: number;
  /** How long a heartbeat must stay unchanged before its attempt counts as lost, in ms. Default 30,000. */
  readonly leaseMs: number;
  /** With another attempt alive: wait for it to end or vanish, or leave at once. */
  readonly ifRunning: "standby" | "leave";
  /** Stop and report after this many attempts in a row without a new checkpoint; 0 = never (K14). */
  readonly maxIdleAttempts: number;
  /** Told once when waiting begins, and again when the awaited attempt changes. */
  readonly onWaiting: (what: { readonly attempt: number; readonly host: string }) => void;
  readonly signal: AbortSignal;
  /** How long the store may fail in a way that may pass (`store-unreachable`) before the claim is given up, in ms. Default 0. */
  readonly patienceMs?: number | undefined;
  /** Told when the store fails and is to be tried again, and when it has answered after that (undefined). */
  readonly onTrouble?: ((error: SpotproofError | undefined) => void) | undefined;
}

/** How trying to claim ends. */
export type ClaimResult =
  | { readonly kind: "claimed"; readonly attempt: Attempt }
  /** The job was completed before: there is nothing to do (J4). */
  | { readonly kind: "completed"; readonly outcome: OutcomeRecord }
  /** Another attempt is alive, and `ifRunning` is `leave`. */
  | { readonly kind: "running-elsewhere"; readonly attempt: number; readonly host: string }
  /** While standing by, the other attempt ended for good: failed, or stopped by its user. */
  | { readonly kind: "ended-elsewhere"; readonly outcome: OutcomeRecord }
  /** `maxIdleAttempts` attempts in a row made no new checkpoint. */
  | { readonly kind: "no-progress"; readonly idleAttempts: number }
  /**
   * `signal` aborted before there was a claim. Nothing was claimed; unless the store failed before, and a claim whose answer
   * was lost stands: the next start then waits for the lease.
   */
  | { readonly kind: "aborted" };
