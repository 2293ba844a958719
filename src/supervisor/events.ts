import type { CheckpointId, ErrorCode } from "../base/index.ts";
import type { SavedCheckpoint, SaveReason } from "../checkpoint/index.ts";
import type { Outcome } from "../job/index.ts";
import type { CommandExit, StopCause } from "./command-end.ts";

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
  | { readonly kind: "command-started"; readonly pid: number; readonly life: number }
  | { readonly kind: "command-ended"; readonly exit: CommandExit; readonly ranMs: number }
  | { readonly kind: "saved"; readonly reason: SaveReason; readonly checkpoint: SavedCheckpoint }
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
  | { readonly kind: "killed"; readonly why: string; readonly processes: readonly string[] }
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
