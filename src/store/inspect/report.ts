import type { StoreKey } from "../store.ts";

// What an inspection of a store has found. All of it is plain data: `spotproof doctor --json` prints it as it is.

/** How one check ended. `not-checked`: nothing can be said, and `seen` says why. */
export type Verdict = "good" | "warning" | "bad" | "not-checked";

/** The checks, in the order in which they are made. */
export const CHECK_IDS = ["reachable", "rights", "create-if-absent", "clocks", "heartbeat", "speed"] as const;

/** The permanent name of one check. */
export type CheckId = (typeof CHECK_IDS)[number];

/** A number, a word, or null where it could not be found out. */
export type Fact = number | string | boolean | null;

/** What one check has found. */
export interface Check {
  readonly id: CheckId;
  readonly verdict: Verdict;
  /** What was seen, in whole sentences. */
  readonly seen: readonly string[];
  /** What to do; null when there is nothing to do. */
  readonly advice: string | null;
  /** The same in numbers. Which names each check has is documented in docs/guides/doctor.md. */
  readonly facts: Readonly<Record<string, Fact>>;
}

/** Everything that was found out about a store. */
export interface StoreReport {
  readonly format: 1;
  /** The worst of all; what was not checked does not count. */
  readonly verdict: Exclude<Verdict, "not-checked">;
  /** The kind and the place of the store. */
  readonly store: string;
  /** What lies there, such as a kind of file system; null where that is not known. */
  readonly place: string | null;
  /** What weakens a promise, each a sentence. */
  readonly cautions: readonly string[];
  readonly checks: readonly Check[];
  /** Objects of this inspection that could not be removed. */
  readonly leftBehind: readonly StoreKey[];
  readonly earlier: EarlierProbes;
}

/** What earlier inspections had left that were killed, or that others are making at present. */
export interface EarlierProbes {
  /** How many such objects were removed. */
  readonly removed: number;
  /** Objects that could not be removed. */
  readonly left: readonly StoreKey[];
  /** How many other inspections are alive. Their objects are not touched. */
  readonly alive: number;
}

/** What one check tells, before it is known which check it was. */
export type Finding = Omit<Check, "id">;

/** The worst verdict of a report. */
export function worstOf(report: Omit<StoreReport, "format" | "verdict">): StoreReport["verdict"] {
  const verdicts = report.checks.map((check) => check.verdict);
  if (verdicts.includes("bad")) return "bad";
  const isClean =
    report.cautions.length === 0 && report.leftBehind.length === 0 && report.earlier.left.length === 0;
  return verdicts.includes("warning") || !isClean ? "warning" : "good";
}

/** A check that could not be made. */
export function notChecked(why: string): Finding {
  return { verdict: "not-checked", seen: [why], advice: null, facts: {} };
}
