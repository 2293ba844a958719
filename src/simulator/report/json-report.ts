import type { RehearsalRecord } from "../rehearsal/record.ts";
import type { Verdict } from "../verdict/verdict.ts";

/** The version of the JSON report. `docs/rehearsal-report.md` describes it. */
const REPORT_FORMAT = 1;

/** What `spotproof rehearse --json` prints. */
export interface JsonReport {
  readonly format: number;
  readonly record: RehearsalRecord;
  readonly verdict: Verdict;
}

/** The report of a rehearsal for programs: everything that happened, and what it proved. */
export function jsonReport(record: RehearsalRecord, verdict: Verdict): JsonReport {
  return { format: REPORT_FORMAT, record, verdict };
}
