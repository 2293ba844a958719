import type { AttemptToken, CheckpointId, JobName } from "../../base/index.ts";
import type { SaveReason } from "../../checkpoint/index.ts";
import type { Outcome, Progress } from "../../job/index.ts";

// Where the record of a job is kept, and who owns the job meanwhile: this program by itself, or `spotproof run` around it.

/** One named part of the record, as it goes into a commit. Every commit names all of them. */
export type Part =
  /** New bytes; they must not change until the commit has ended. */
  | { readonly kind: "bytes"; readonly name: string; readonly pieces: readonly Uint8Array[] }
  /** As in the last commit, or as it was restored. */
  | { readonly kind: "unchanged"; readonly name: string }
  | { readonly kind: "log"; readonly name: string; readonly log: KeptLog };

/** A part that only ever grows. */
export interface KeptLog {
  /** Everything that was restored or appended. */
  readonly sizeBytes: number;
  append(bytes: Uint8Array): void;
}

/** One commit. */
export interface CommitRequest {
  readonly reason: SaveReason;
  readonly parts: readonly Part[];
  /** What the parts before cannot say of themselves, as JSON; told back by `load`. */
  readonly index: Readonly<Record<string, unknown>>;
  readonly progress: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A checkpoint that is durable, and what it cost. */
export interface Committed {
  readonly id: CheckpointId | string;
  readonly durationMs: number;
  readonly storedBytes: number;
}

/** What a checkpoint holds, while it is being read. */
export interface KeptParts {
  /** What the commit said of its parts; undefined for a checkpoint that holds no record, such as one of a folder alone. */
  readonly index: Readonly<Record<string, unknown>> | undefined;
  readonly sizes: ReadonlyMap<string, number>;
  read(name: string): Promise<Buffer>;
  stream(name: string, from?: number): AsyncIterable<Buffer>;
}

/** What became of looking for a checkpoint. */
export type Loaded<Value> =
  | {
      readonly kind: "loaded";
      readonly value: Value;
      readonly id: string;
      readonly progress: Progress | undefined;
    }
  /** There was none, or none that can be used. */
  | { readonly kind: "none"; readonly damaged: number };

/** How a life ends, for whoever owns the job. */
export type Ending = Pick<Outcome, "kind" | "reason" | "exitStatus">;

/** Keeps the record of one life of a job. */
export interface Keeper {
  readonly job: JobName;
  readonly attempt: number;
  readonly token: AttemptToken | string;
  /** Aborts after a later claim (J3). */
  readonly fencedOut: AbortSignal;
  /** The folder that belongs to the record, as an absolute path. */
  readonly files: string | undefined;
  /**
   * Hands the parts of the newest checkpoint to `load`, and those of the one before when a part turns out to be damaged.
   * Call it once, before everything else.
   */
  load<Value>(load: (parts: KeptParts) => Promise<Value>): Promise<Loaded<Value>>;
  /** The log with this name, with what was restored. */
  openLog(name: string): KeptLog;
  /** What is durable of a part now. */
  stream(name: string, from?: number): AsyncIterable<Buffer>;
  /**
   * Makes a checkpoint, durable when this resolves. One at a time. A store that is away is waited for.
   * @throws SpotproofError `fenced-out`, or what the store says
   */
  commit(request: CommitRequest): Promise<Committed>;
  /**
   * The last record of a program that ends now: puts it where somebody else makes it durable after the program's end, even while a
   * commit is under way. False when nobody would: then it has to be committed.
   */
  handOver(request: CommitRequest): Promise<boolean>;
  progress(progress: Progress): void;
  /** Ends the life: nothing is committed afterwards. Within `limitMs`; tells whether it was recorded. */
  end(ending: Ending, limitMs: number): Promise<"recorded" | "not-recorded" | "fenced-out">;
  /** Lets go of everything. */
  close(): Promise<void>;
}
