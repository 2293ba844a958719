import type { JudgedBar } from "./bars.ts";

/** One part of the report. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly bars: readonly JudgedBar[];
  /** What was not measured, in sentences. */
  readonly missing: readonly string[];
  /** Names and versions of the tools that took part. */
  readonly versions: readonly string[];
  /** Every run, as plain data. */
  readonly data: unknown;
}
