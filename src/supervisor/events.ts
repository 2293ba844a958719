import type { CheckpointId, ErrorCode } from "../base/index.ts";
import type { FileSavedOpen, SavedCheckpoint, SaveReason } from "../checkpoint/index.ts";
import type { Outcome, Progress } from "../job/index.ts";
import type { CommandExit, StopCause } from "./command-end.ts";
import type { HalfWrittenFile } from "./half-written.ts";

/** What a save says of files that the command held open for writing; absent when there were none. */
export interface OpenForWriting {
  /** The first of them, at most 20. */
  readonly openForWriting?: readonly FileSavedOpen[] | undefined;
  /** How many there were. */
  readonly openForWritingCount?: number | undefined;
}

/** Why processes had to be killed; `killed at once`: nobody was asked to end. Logs and records have these words. */
export type KillReason = "left behind by the command" | "did not end when asked" | "killed at once";

/** What a supervisor tells while it works. Plain data; logs and tests listen. Each kind is one line of a log. */
export type SupervisorEvent =
  /** The command's folder is being put back as it was. */
  | { readonly kind: "restoring"; readonly from: CheckpointId }
  | { readonly kind: "checkpoint-skipped"; readonly id: CheckpointId; readonly reason: string }
  | {
      readonly kind: "restored";
      readonly from: CheckpointId;
      readonly files: number;
      readonly totalBytes: number;
      readonly durationMs: number;
      readonly movedAside?: string | undefined;
    }
  /** How far the command says that it is; at most some 20 a second, the last one always. */
  | ({ readonly kind: "progress" } & Progress)
  | { readonly kind: "command-started"; readonly pid: number; readonly life: number }
  | { readonly kind: "command-ended"; readonly exit: CommandExit; readonly ranMs: number }
  | ({
      readonly kind: "saved";
      readonly reason: SaveReason;
      readonly checkpoint: Omit<SavedCheckpoint, "openForWriting">;
    } & OpenForWriting)
  /** A file was in the middle of being written when it was saved. Told once for each path. */
  | ({ readonly kind: "half-written"; readonly checkpoint: CheckpointId } & HalfWrittenFile)
  /** A save did not work; the job goes on. */
  | {
      readonly kind: "save-failed";
      readonly reason: SaveReason;
      readonly code: ErrorCode | "aborted";
      readonly message: string;
    }
  | { readonly kind: "pruned"; readonly checkpoints: number; readonly bytes: number }
  | {
      readonly kind: "interruption-heard";
      readonly cause: string;
      readonly action: string;
      readonly leadMs: number;
    }
  | { readonly kind: "interruption-cleared" }
  | { readonly kind: "early-signal"; readonly cause: string }
  /** The command keeps working until then. */
  | { readonly kind: "stop-planned"; readonly inMs: number; readonly killInMs: number }
  | { readonly kind: "stopping"; readonly cause: StopCause; readonly signal: string }
  | { readonly kind: "killed"; readonly why: KillReason; readonly processes: readonly string[] }
  | {
      readonly kind: "restart-planned";
      readonly inMs: number;
      readonly failuresUsed: number;
      readonly retries: number;
    }
  | { readonly kind: "store-trouble"; readonly message: string }
  | { readonly kind: "store-well" }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "attempt-ended"; readonly outcome: Outcome };
