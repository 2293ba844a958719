import type { Notice } from "./notice.ts";

/** What a source tells while it watches. */
export type SourceReport =
  /** The event is announced; told again whenever its deadline or its words change. */
  | { readonly kind: "noticed"; readonly notice: Notice }
  /** The event with this id was taken back or is over without us having gone (D12). */
  | { readonly kind: "cleared"; readonly noticeId: string; readonly reason: string }
  /** The source can hear nothing at the moment; told once when it begins, with what the user can do (I2, D02, D04). */
  | { readonly kind: "blind"; readonly source: string; readonly reason: string }
  /** The source hears again, or for the first time. */
  | { readonly kind: "listening"; readonly source: string; readonly detail: string }
  /** The source does not exist here (no EC2 instance, switched off): it has stopped watching, quietly (D03, D22). */
  | { readonly kind: "absent"; readonly source: string; readonly reason: string };

/**
 * Hears interruptions from one place.
 *
 * The contract, tested for each implementation:
 * - `watch` returns when `signal` aborts or the source is absent; it never rejects (I2).
 * - Nothing that the other side sends, or fails to send, makes it throw or report an event that is not there.
 * - After `signal` has aborted nothing is reported, no socket and no timer is left.
 */
export interface NoticeSource {
  readonly name: string;
  watch(report: (report: SourceReport) => void, signal: AbortSignal): Promise<void>;
}
