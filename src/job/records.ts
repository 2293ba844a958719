import type { AttemptNumber, AttemptToken, CheckpointId, JobName } from "../base/index.ts";

/** The version of every record that this program writes. A reader refuses a higher one with `store-newer`. */
export const RECORD_FORMAT = 1;

/** `jobs/<job>/job.json`: what the job is. */
export interface JobRecord {
  readonly format: number;
  readonly job: JobName;
  /** Wall clock of the machine that wrote it, ISO 8601. For people. */
  readonly createdAt: string;
  readonly writtenBy: string;
}

/** `jobs/<job>/attempts/<n>/claim.json`: from its creation on, attempt n owns the job. */
export interface ClaimRecord {
  readonly format: number;
  readonly job: JobName;
  readonly attempt: AttemptNumber;
  readonly token: AttemptToken;
  /** The newest checkpoint at the moment of the claim; later writes of earlier attempts are never read (J1). */
  readonly resumesFrom: CheckpointId | null;
  readonly failuresUsed: number;
  readonly idleAttempts: number;
  /** How often this attempt means to rewrite its heartbeat, in ms. A claimant waits at least two such intervals (K05). */
  readonly heartbeatMs?: number | undefined;
  readonly claimedAt: string;
  readonly host: string;
  readonly pid: number;
  readonly command: readonly string[];
  readonly writtenBy: string;
}

/** How far the command says it is. */
export interface Progress {
  readonly done: number;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
}

/** How far an attempt was, and how much of that is in a checkpoint: the difference is what may be lost. */
export interface WorkSoFar {
  readonly progress?: Progress | undefined;
  readonly lastCheckpoint?: CheckpointId | undefined;
  /** Milliseconds of life at which `lastCheckpoint` was captured, by the attempt's own monotonic clock. */
  readonly lastCheckpointAtMs?: number | undefined;
  /** Progress at that moment. */
  readonly lastCheckpointProgress?: Progress | undefined;
}

/** What an attempt tells with each heartbeat. */
export interface AttemptStatus extends WorkSoFar {
  /** `restoring`, `running`, `saving`, `stopping` … */
  readonly phase: string;
  /** Failures since the last new checkpoint: what a successor inherits when this attempt is lost (J5). */
  readonly failuresUsed?: number | undefined;
  /** Sources that hear nothing at the moment. */
  readonly blind?: readonly string[] | undefined;
}

/** `jobs/<job>/attempts/<n>/heartbeat.json`: rewritten by its owner. */
export interface HeartbeatRecord extends AttemptStatus {
  readonly format: number;
  readonly attempt: AttemptNumber;
  readonly token: AttemptToken;
  /** 1, 2, 3 …: never the same twice, so that "unchanged" can be seen without comparing clocks (J2). */
  readonly beat: number;
  /** Milliseconds since the claim, by the attempt's own monotonic clock. */
  readonly aliveMs: number;
  readonly writtenAt: string;
}

/** How an attempt ended. */
export type OutcomeKind = "completed" | "interrupted" | "failed" | "stopped" | "lost" | "fenced-out";

/** What the owner, or for `lost` its successor, says about the end. */
export interface Outcome extends WorkSoFar {
  readonly kind: OutcomeKind;
  /** For people, with the evidence: notice, exit status, signal (S10, S11). */
  readonly reason: string;
  readonly exitStatus?: number | undefined;
  readonly exitSignal?: string | undefined;
  readonly notice?:
    | {
        readonly source: string;
        readonly action: string;
        readonly cause: string;
        readonly leadMs?: number | undefined;
      }
    | undefined;
  /** Failures since the last new checkpoint, this attempt's included. */
  readonly failuresUsed: number;
  /** How many checkpoints this attempt committed. */
  readonly checkpointsCommitted: number;
  /** Processes that had to be killed after the command had ended (S02). */
  readonly survivorsKilled?: readonly string[] | undefined;
}

/** `jobs/<job>/attempts/<n>/outcome.json`: created once; whoever creates it ends the attempt. */
export interface OutcomeRecord extends Outcome {
  readonly format: number;
  readonly attempt: AttemptNumber;
  /** The attempt's own token, or for `lost` the token of the claimant that gave it up. */
  readonly endedBy: AttemptToken;
  readonly aliveMs: number | null;
  readonly endedAt: string;
  /** What was noted since the last batch of events was written. */
  readonly events?: readonly EventRecord[] | undefined;
}

/** `jobs/<job>/attempts/<n>/events/<batch>.json`: what an attempt noted, in batches 000001, 000002 … */
export interface EventBatchRecord {
  readonly format: number;
  readonly attempt: AttemptNumber;
  /** Of the attempt that writes it, so that nothing of one attempt can pass for another's (K03). */
  readonly token: AttemptToken;
  readonly events: readonly EventRecord[];
}

/** One line of an attempt's history. */
export interface EventRecord {
  /** 1, 2, 3 … within the attempt: an event that was written twice is known by it. */
  readonly number: number;
  readonly kind: string;
  /** Milliseconds since the claim, by the attempt's own monotonic clock. */
  readonly atMs: number;
  readonly at: string;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}
