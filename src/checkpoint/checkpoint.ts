import type { AttemptNumber, CheckpointId, Clock, JobName } from "../base/index.ts";
import type { Store } from "../store/store.ts";

/** Why a checkpoint was made. */
export type SaveReason = "start" | "interval" | "notice" | "early-signal" | "request" | "final";

/**
 * Stops every process that may write the folder and resolves when none of them runs any more. The value undoes it.
 * A save calls it at most once, and undoes it whatever happens.
 */
export type Pause = () => Promise<PausedCommand>;

/** A command that stands still. */
export interface PausedCommand {
  /** Absolute paths of files that are mapped shared and writable now: their times say nothing about their content. */
  readonly mappedFiles: ReadonlySet<string>;
  /** Files that its processes hold open for writing now, by absolute path, as far as that can be told quickly. */
  readonly openForWriting?: readonly { readonly path: string; readonly append: boolean }[] | undefined;
  resume(): Promise<void>;
}

/** A file of the folder that the command held open for writing when it was captured: maybe half-written (C12). */
export interface FileSavedOpen {
  /** Relative to the folder, for people. */
  readonly path: string;
  /** Its size in the checkpoint. */
  readonly bytes: number;
  /** Every write goes to its end, as with a log. */
  readonly append: boolean;
  /** Its size when this saver last saved it with nobody writing it; only when it has changed since. */
  readonly wholeBytes?: number | undefined;
}

/** One request to save. */
export interface SaveRequest {
  readonly reason: SaveReason;
  /** Absent when no process writes the folder (before the start, after the end). */
  readonly pause?: Pause | undefined;
  /** Kept in the manifest for status and for people; must be JSON. Asked for at the moment of capture. */
  readonly note?: (() => Readonly<Record<string, unknown>>) | undefined;
  /** After the manifest is created: does the attempt still own the job? Only `valid` is acknowledged. */
  readonly confirm: () => Promise<"valid" | "fenced-out">;
  /** Gives the save up: it rejects with the signal's reason, nothing is committed, nothing stored before is harmed. */
  readonly signal?: AbortSignal | undefined;
}

/** How a save ended. Broken things throw. */
export type SaveResult =
  | { readonly kind: "saved"; readonly checkpoint: SavedCheckpoint }
  /** A later attempt owns the job: this checkpoint will never be read. */
  | { readonly kind: "fenced-out" };

/** A committed checkpoint and what it cost. */
export interface SavedCheckpoint {
  readonly id: CheckpointId;
  /** When the content was captured: `clock.now()` of the moment at which the command stood still. */
  readonly capturedAtMs: number;
  readonly files: number;
  /** Size of all files together. */
  readonly totalBytes: number;
  /** Bytes read because their file had changed. */
  readonly readBytes: number;
  /** Bytes added to the store. */
  readonly storedBytes: number;
  readonly durationMs: number;
  /** How long the command stood still. */
  readonly pausedMs: number;
  /** Sockets, devices and pipes, which have no content to save. */
  readonly skipped: readonly string[];
  /** What the user should know of how it went, in sentences. */
  readonly remarks?: readonly string[] | undefined;
  /** Files that were being written when they were captured. */
  readonly openForWriting?: readonly FileSavedOpen[] | undefined;
}

/** Saves one folder again and again for one attempt. Keeps what it knows of the folder in memory between saves. */
export interface FolderSaver {
  /** One save at a time: a second call while one is under way rejects with `internal`. The supervisor coalesces (C18). */
  save(request: SaveRequest): Promise<SaveResult>;
  /** Deletes what the retention does not keep (C17); never needed chunks (C4). Not while a save is under way. */
  prune(retention: Retention, signal?: AbortSignal): Promise<PruneReport>;
}

/** What is kept. A checkpoint is kept when any rule keeps it; the newest two verified ones always are. */
export interface Retention {
  /** The newest N. At least 2. */
  readonly last: number;
  /** Beyond those, the newest of each whole hour / day of the wall clock written in the manifests. Default 0. */
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
}

/** What a prune removed, or with `dryRun` would remove. */
export interface PruneReport {
  readonly removedCheckpoints: readonly CheckpointId[];
  readonly removedPacks: number;
  readonly removedBytes: number;
  readonly keptCheckpoints: readonly CheckpointId[];
}

/** What every saver needs. */
export interface SaverOptions {
  readonly store: Store;
  readonly job: JobName;
  readonly attempt: AttemptNumber;
  readonly clock: Clock;
  /**
   * All checkpoints of earlier attempts that this attempt may be restored from (`Attempt.lineage`). Without it `prune`
   * leaves everything that earlier attempts stored alone.
   */
  readonly lineage?: readonly CheckpointId[] | undefined;
  /** So many packs are on their way to the store at once, of 16 MiB each. Default 4; more where each takes long, as over a network. */
  readonly packsAtATime?: number | undefined;
}

/** What `createFolderSaver` needs. */
export interface FolderSaverOptions extends SaverOptions {
  /** Absolute path. Created when it does not exist. */
  readonly folder: string;
  /** What the restore into this folder found out, so that unchanged files are not read again. */
  readonly restored?: RestoredFolder | undefined;
}

/** What a restore hands to the saver that goes on from it. Opaque outside `checkpoint/`. */
export interface RestoredFolder {
  readonly id: CheckpointId;
  readonly index: unknown;
}

/** What `restoreFolder` needs. */
export interface RestoreRequest {
  readonly store: Store;
  readonly job: JobName;
  /** Candidates, newest first. The first that verifies is used (C02). */
  readonly lineage: readonly CheckpointId[];
  /** Absolute path of the command's folder. */
  readonly folder: string;
  /** Where the folder's earlier content goes when it is not empty: `<folder>.<asideName>`. One is kept. */
  readonly asideName: string;
  readonly onSkipped?: ((id: CheckpointId, reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** So many reads of up to 8 MiB are under way at once. Default 6; more where each takes long, as over a network. */
  readonly readsAtATime?: number | undefined;
}

/** What a restore did. Throws `no-usable-checkpoint` when every candidate is damaged, `disk-full` when there is no room. */
export interface RestoreResult {
  readonly restored: RestoredFolder;
  readonly files: number;
  readonly totalBytes: number;
  readonly skipped: readonly { readonly id: CheckpointId; readonly reason: string }[];
  /** Where the earlier content of the folder was moved to, if there was any. */
  readonly movedAside?: string | undefined;
  /** The note that the save wrote. */
  readonly note: Readonly<Record<string, unknown>>;
}
