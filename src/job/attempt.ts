import type { AttemptNumber, AttemptToken, CheckpointId, JobName } from "../base/index.ts";
import type { StoreKey } from "../store/store.ts";
import type { AttemptStatus, Outcome } from "./records.ts";

/** Whether this attempt still owns the job. Once `fenced-out`, always so. */
export type Validity = "valid" | "fenced-out";

/** What a new attempt takes over from those before it. */
export interface Inheritance {
  /** Failures of the command since the last new checkpoint, over all attempts (J5: interruptions do not count). */
  readonly failuresUsed: number;
  /** How many attempts in a row, up to now, ended without a new checkpoint (K14). */
  readonly idleAttempts: number;
  /** How the last attempt ended; absent for the first. */
  readonly previousOutcome?: Outcome | undefined;
}

/** One life of a job that this process owns (or has owned: see `validity`). */
export interface Attempt {
  readonly job: JobName;
  readonly number: AttemptNumber;
  readonly token: AttemptToken;
  /** The newest checkpoint of the lineage, named by the claim. */
  readonly resumesFrom?: CheckpointId | undefined;
  /** All checkpoints that this attempt may be restored from, newest first (J1). `resumesFrom` is the first of them. */
  readonly lineage: readonly CheckpointId[];
  readonly inherited: Inheritance;
  /** One of these objects is there as soon as this attempt was ended, by whomever. */
  readonly signsOfEnd: readonly StoreKey[];
  /** Aborts when a later claim was seen, by whichever call saw it (J3). */
  readonly fencedOut: AbortSignal;
  /**
   * Looks whether somebody else has ended this attempt. Call it after the manifest of a save was created and before the
   * save is acknowledged: what is acknowledged is then always seen by later attempts.
   */
  validity(signal?: AbortSignal): Promise<Validity>;
  /** Rewrites the heartbeat with what the attempt is doing, then looks at its validity. Throws when the store does. */
  beat(status: AttemptStatus, signal?: AbortSignal): Promise<Validity>;
  /** Adds to the attempt's history; kept in memory until `flushEvents`, `beat` or `end` writes it. */
  note(kind: string, detail?: Readonly<Record<string, unknown>>): void;
  /** Writes the noted events to the store. */
  flushEvents(signal?: AbortSignal): Promise<void>;
  /** Ends the attempt, once and durably. `fenced-out` when somebody else has ended it before. */
  end(outcome: Outcome, signal?: AbortSignal): Promise<Validity>;
}
