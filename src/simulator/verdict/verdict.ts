/** What a rehearsal proved. */
export interface Verdict {
  /** One for each job of the record, in its order. */
  readonly jobs: readonly JobVerdict[];
  /** That of the job itself; of a comparison, that of the right-hand side decides nothing. */
  readonly spotProof: boolean;
}

/** What was found out about one job. */
export interface JobVerdict {
  readonly id: "job" | "compare";
  readonly spotProof: boolean;
  /** One sentence: what happened to it. */
  readonly summary: string;
  readonly findings: readonly RehearsalFinding[];
  readonly totals: JobTotals;
}

/** Something that was found out, worst first. */
export interface RehearsalFinding {
  /** Of the failure catalogue, such as L01. */
  readonly id: string;
  /** `fails`: not spot-proof; `warns`: no reason to fail; `allowed`: would fail, but was allowed with `--allow`. */
  readonly severity: "fails" | "warns" | "allowed";
  readonly title: string;
  /** What was seen, with names, numbers and moments. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Sums over all attempts. Times are real ms. */
export interface JobTotals {
  readonly finished: boolean;
  readonly interruptions: number;
  readonly attempts: number;
  readonly usefulMs: number;
  readonly lostMs: number;
  /** The longest loss of a single interruption. */
  readonly worstLostMs: number;
  readonly lostProgress?: number | undefined;
  readonly unit?: string | undefined;
  /** Goodput: useful work divided by the time of all machines. 0 to 1. */
  readonly goodput: number;
  readonly saves: number;
  readonly longestSaveMs?: number | undefined;
  readonly longestRestoreMs?: number | undefined;
  /** The shortest lead that was announced. */
  readonly shortestLeadMs?: number | undefined;
  /** What it made of every notice that was followed by an end. */
  readonly notices: readonly NoticeUse[];
  readonly outputsSame?: boolean | undefined;
}

/** A notice, and what a job made of it. Times in real ms. */
export interface NoticeUse {
  /** The number of the interruption. */
  readonly interruption: number;
  /** From the announcement to the end. */
  readonly leadMs: number;
  /** From the announcement to the moment at which Spotproof heard it; absent when nobody did. */
  readonly heardAfterMs?: number | undefined;
  /** How long before the end everything was saved and stopped; absent when it was not. */
  readonly leftBeforeEndMs?: number | undefined;
}
