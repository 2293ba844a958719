import {
  type Clock,
  type MonotonicMs,
  type Random,
  type SpotproofError,
  reasonOf,
} from "../../base/index.ts";
import type { Attempt, AttemptStatus, Outcome, Progress, WorkSoFar } from "../../job/index.ts";
import type { InterruptionRecord } from "../../notice/index.ts";
import { keepBeating, noticeField, writeOutcome } from "../../supervisor/index.ts";
import type { Committed, Ending } from "./keeper.ts";

/** What a life that owns its job works with. */
export interface OwnedLifeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly attempt: Attempt;
  /** `clock.now()` before the claim. */
  readonly claimedAtMs: MonotonicMs;
  readonly heartbeatMs: number;
  readonly interruptions: InterruptionRecord;
  /** Told when the store does not answer, and with undefined when it does again. */
  readonly onTrouble: (message: string | undefined) => void;
  /** The end could not be recorded: the next life will wait for the lease. */
  readonly onUnrecorded: (message: string) => void;
}

/** What a program does by itself when nobody supervises it: heartbeats, and the record of its end. */
export class OwnedLife {
  readonly #parts: OwnedLifeParts;
  readonly #stopBeating = new AbortController();
  readonly #beating: Promise<void>;
  #progress: Progress | undefined;
  #last: WorkSoFar = {};
  #commits = 0;
  /** Failures since the last new checkpoint. */
  #failuresUsed: number;
  phase = "restoring";

  constructor(parts: OwnedLifeParts) {
    this.#parts = parts;
    this.#failuresUsed = parts.attempt.inherited.failuresUsed;
    const { clock, random, attempt, heartbeatMs, onTrouble } = parts;
    this.#beating = keepBeating(
      { clock, random, attempt, heartbeatMs, status: () => this.#status(), onTrouble },
      this.#stopBeating.signal,
    );
  }

  setProgress(progress: Progress): void {
    this.#progress = progress;
  }

  /** What the restored checkpoint says of the progress. */
  restored(progress: Progress | undefined): void {
    if (progress !== undefined) this.#last = { lastCheckpointProgress: progress };
  }

  /** A checkpoint became durable; `progress` is that of its moment. */
  committed({ id }: Pick<Committed, "id">, capturedAtMs: MonotonicMs, progress: Progress | undefined): void {
    this.#commits += 1;
    this.#failuresUsed = 0;
    this.#last = {
      lastCheckpoint: id as NonNullable<WorkSoFar["lastCheckpoint"]>,
      lastCheckpointAtMs: Math.round(capturedAtMs - this.#parts.claimedAtMs),
      ...(progress === undefined ? {} : { lastCheckpointProgress: progress }),
    };
  }

  /** Records the end, within the limit. */
  async end(ending: Ending, limitMs: number): Promise<"recorded" | "not-recorded" | "fenced-out"> {
    const { clock, random, attempt, onUnrecorded } = this.#parts;
    const failuresUsed = this.#failuresUsed + (ending.kind === "failed" ? 1 : 0);
    const outcome: Outcome = {
      ...ending,
      ...noticeField(this.#parts.interruptions.state()),
      ...this.#work(),
      failuresUsed,
      checkpointsCommitted: this.#commits,
    };
    try {
      const validity = await writeOutcome({ clock, random, attempt, limitMs }, outcome);
      return validity === "valid" ? "recorded" : "fenced-out";
    } catch (error) {
      if (ending.kind === "completed") throw error as SpotproofError;
      onUnrecorded(reasonOf(error));
      return "not-recorded";
    }
  }

  /** Ends the heartbeats. */
  async close(): Promise<void> {
    this.#stopBeating.abort();
    await this.#beating;
  }

  #status(): AttemptStatus {
    const blind = this.#parts.interruptions.blindSources();
    return {
      phase: this.phase,
      failuresUsed: this.#failuresUsed,
      ...this.#work(),
      ...(blind.length === 0 ? {} : { blind }),
    };
  }

  #work(): WorkSoFar {
    return { ...this.#last, ...(this.#progress === undefined ? {} : { progress: this.#progress }) };
  }
}
