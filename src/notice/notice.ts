import type { Deadline } from "../base/index.ts";

/** What is going to happen to the machine. */
export type NoticeAction = "terminate" | "stop" | "hibernate" | "reboot" | "leave-group" | "end-process";

/**
 * - `interruption`: this machine is about to go away.
 * - `early-signal`: a warning without a deadline that is near, such as a rebalance recommendation.
 */
export type NoticeKind = "interruption" | "early-signal";

/** "This machine is about to go away", as one source says it. Plain data. */
export interface Notice {
  /** The same for each sighting of the same event: source, kind, action and event id (D06). */
  readonly id: string;
  /** Which source heard it, such as `ec2-metadata` or `signal`. */
  readonly source: string;
  readonly kind: NoticeKind;
  readonly action: NoticeAction;
  /** For people: `spot/instance-action says terminate at 2026-01-02T03:04:05Z`. */
  readonly cause: string;
  /** When the machine may be gone, on our monotonic clock. Absent only for early signals without a date. */
  readonly deadline?: Deadline | undefined;
  /** True when the source named no readable time and the documented lead was assumed (never "now"). */
  readonly deadlineAssumed: boolean;
  /** The moment as the source wrote it, for the job channel and for people. */
  readonly time?: string | undefined;
  /** What the source really said, unshortened up to 4 KiB (D18). */
  readonly raw: string;
}
