import type { CheckpointId, JobName } from "../base/index.ts";
import type { Store, StoreKey } from "../store/store.ts";
import type { PruneReport, Retention, SaveReason, SaveResult, SaverOptions } from "./checkpoint.ts";

/** A file of the checkpoint whose content comes from memory. Paths are relative, of plain UTF-8, as `state/position.json`. */
export type Content =
  /** All of its bytes, in pieces. They must stay as they are until the save has ended, and are not copied as a whole. */
  | { readonly kind: "bytes"; readonly path: string; readonly pieces: readonly Uint8Array[] }
  /** As in the last save that resolved to `saved`, or as in the restored checkpoint: nothing is read, cut or hashed. */
  | { readonly kind: "unchanged"; readonly path: string }
  /** All that was appended to the log before the call of `save`. */
  | { readonly kind: "log"; readonly path: string; readonly log: ContentLog };

/**
 * A file that only grows. Keeps in memory what was appended since its last large chunk was stored: up to about 1 MiB, and
 * whatever came since the last save. A save that leaves its path out ends it.
 */
export interface ContentLog {
  readonly path: string;
  /** Everything, saved or not. */
  readonly sizeBytes: number;
  /** Adds bytes at the end and keeps them: the caller must not change them any more. */
  append(bytes: Uint8Array): void;
}

/** One request to save contents. */
export interface ContentsSaveRequest {
  readonly reason: SaveReason;
  /** Kept in the manifest for status and for people; must be JSON. Asked for when the save begins. */
  readonly note?: (() => Readonly<Record<string, unknown>>) | undefined;
  /** After the manifest is created: does the attempt still own the job? Only `valid` is acknowledged. */
  readonly confirm: () => Promise<"valid" | "fenced-out">;
  /** When none of these objects is there after the manifest is created, `confirm` need not be asked. Default: it is asked. */
  readonly signsOfEnd?: readonly StoreKey[] | undefined;
  /** Gives the save up: it rejects with the signal's reason, nothing is committed, nothing stored before is harmed. */
  readonly signal?: AbortSignal | undefined;
  /** The whole checkpoint, each time. */
  readonly contents: readonly Content[];
}

/** Saves what lies in memory again and again for one attempt. */
export interface ContentsSaver {
  /**
   * Makes a checkpoint of the contents as they are at the call. One at a time: a second call while one is under way rejects
   * with `internal`, as do paths that no checkpoint can have. One that fails loses nothing: the next has everything.
   */
  save(request: ContentsSaveRequest): Promise<SaveResult>;
  /** As `FolderSaver.prune`. */
  prune(retention: Retention, signal?: AbortSignal): Promise<PruneReport>;
  /** The log at a path: the one that is open, else one that goes on from the last checkpoint's content, else an empty one. */
  openLog(path: string): ContentLog;
}

/** What `createContentsSaver` needs. */
export interface ContentsSaverOptions extends SaverOptions {
  /** What `openContents` found, so that unchanged contents need not be stored again and logs go on. */
  readonly restored?: RestoredContents | undefined;
}

/** What `openContents` hands to the saver that goes on from it. Opaque outside `checkpoint/`. */
export interface RestoredContents {
  readonly id: CheckpointId;
  readonly index: unknown;
}

/** The contents of one checkpoint. Reads may be under way side by side. */
export interface Contents {
  /** Sizes in bytes by path, in the order of the paths. Without folders and symbolic links. */
  readonly files: ReadonlyMap<string, number>;
  /**
   * The whole content of a file, every byte verified. `into` must have room for it; the result is then its beginning. After
   * an error nothing is known of what stands in it.
   * @throws SpotproofError `checkpoint-damaged`, `internal` when there is no such file, or what the store throws
   */
  read(path: string, into?: Buffer): Promise<Buffer>;
  /** The content of a file from its beginning, verified, in pieces of at most 16 MiB, with some being read ahead. Throws as `read` does. */
  stream(path: string): AsyncIterable<Buffer>;
}

/** What `openContents` needs. */
export interface OpenContentsRequest {
  readonly store: Store;
  readonly job: JobName;
  /** Candidates, newest first. The first that can be loaded is used (C02). */
  readonly lineage: readonly CheckpointId[];
  readonly onSkipped?: ((id: CheckpointId, reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** So many reads of up to 8 MiB are under way at once. Default 6; more where each takes long, as over a network. */
  readonly readsAtATime?: number | undefined;
}

/** What `openContents` found. `none`: there is no checkpoint, or each is damaged. */
export type OpenedContents<Value> =
  | {
      readonly kind: "loaded";
      readonly value: Value;
      readonly restored: RestoredContents;
      readonly id: CheckpointId;
      /** The note that the save wrote. */
      readonly note: Readonly<Record<string, unknown>>;
      readonly skipped: readonly SkippedCheckpoint[];
    }
  | { readonly kind: "none"; readonly skipped: readonly SkippedCheckpoint[] };

/** A checkpoint that could not be used. */
export interface SkippedCheckpoint {
  readonly id: CheckpointId;
  readonly reason: string;
}
