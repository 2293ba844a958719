import type { CheckpointId } from "../base/index.ts";
import type { SavedCheckpoint } from "../checkpoint/index.ts";
import type { AttemptStatus, Progress } from "../job/index.ts";
import type { RunParts } from "./run-parts.ts";

/** What an attempt is doing; goes into heartbeats. */
export type AttemptPhase = "restoring" | "running" | "waiting-to-restart" | "stopping" | "last-save";

/** What a supervisor knows of its attempt: read by heartbeats, the job channel and the outcome. */
export class AttemptState {
  phase: AttemptPhase = "restoring";
  progress: Progress | undefined;
  /** The checkpoint that the command's folder was made from before its present life. */
  restoredFrom: CheckpointId | undefined;
  /** What the restored checkpoint says of the progress; lost work is counted from there until there is one of our own. */
  restoredProgress: Progress | undefined;
  /** What the command itself has reported since its last start: only that is evidence of how it ended. */
  progressOfThisLife: Progress | undefined;
  failuresUsed: number;
  checkpointsCommitted = 0;
  readonly survivorsKilled: string[] = [];
  /** What this attempt may be restored from, newest first: its own checkpoints, then its lineage. */
  readonly #restorable: CheckpointId[];
  readonly #parts: RunParts;
  #last:
    | { readonly id: CheckpointId; readonly atMs: number; readonly progress: Progress | undefined }
    | undefined;
  #committedBeforeLife = 0;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.failuresUsed = parts.attempt.inherited.failuresUsed;
    this.#restorable = [...parts.attempt.lineage];
  }

  /** Milliseconds since the claim. */
  get aliveMs(): number {
    return this.#parts.clock.now() - this.#parts.claimedAtMs;
  }

  get restorable(): readonly CheckpointId[] {
    return this.#restorable;
  }

  /** Checkpoints committed since the last call of `beginLife`. */
  get checkpointsOfThisLife(): number {
    return this.checkpointsCommitted - this.#committedBeforeLife;
  }

  /** A new life of the command begins. */
  beginLife(): void {
    this.progressOfThisLife = undefined;
    this.#committedBeforeLife = this.checkpointsCommitted;
  }

  /** A save was committed; `progress` is what the command had reported when it was captured. */
  committed(checkpoint: SavedCheckpoint, progress: Progress | undefined): void {
    this.checkpointsCommitted += 1;
    this.#restorable.unshift(checkpoint.id);
    const atMs = checkpoint.capturedAtMs - this.#parts.claimedAtMs;
    this.#last = { id: checkpoint.id, atMs, progress };
  }

  /** For the next heartbeat. */
  status(): AttemptStatus {
    const blind = this.#parts.interruptions.blindSources();
    return {
      phase: this.phase,
      failuresUsed: this.failuresUsed,
      ...this.#checkpointFields(),
      ...(this.progress === undefined ? {} : { progress: this.progress }),
      ...(blind.length === 0 ? {} : { blind }),
    };
  }

  /** For the outcome: what every ending says. */
  outcomeFields() {
    return {
      failuresUsed: this.failuresUsed,
      checkpointsCommitted: this.checkpointsCommitted,
      ...this.#checkpointFields(),
      ...(this.progress === undefined ? {} : { progress: this.progress }),
      ...(this.survivorsKilled.length === 0 ? {} : { survivorsKilled: [...this.survivorsKilled] }),
    };
  }

  #checkpointFields() {
    if (this.#last === undefined) {
      return this.restoredProgress === undefined ? {} : { lastCheckpointProgress: this.restoredProgress };
    }
    const { id, atMs, progress } = this.#last;
    return {
      lastCheckpoint: id,
      lastCheckpointAtMs: Math.round(atMs),
      ...(progress === undefined ? {} : { lastCheckpointProgress: progress }),
    };
  }
}
