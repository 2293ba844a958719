import { type Results, WORKS, type Work } from "./results.ts";

// What Spotproof wants to reach, in one run on one machine.

const OURS = "Spotproof";
const MB = 1_000_000;

type Bar =
  | {
      readonly work: Work;
      readonly figure: "wallMs" | "addedBytes";
      readonly peer: string;
      /** Ours divided by theirs. */
      readonly atMost: number;
    }
  | {
      readonly work: Work;
      readonly figure: "addedBytes";
      readonly atMostBytes: number;
    };

const RESTIC = "restic, no compression";

const BARS: readonly Bar[] = [
  { work: "first", figure: "wallMs", peer: RESTIC, atMost: 0.25 },
  { work: "first", figure: "wallMs", peer: "borg, lz4", atMost: 0.45 },
  { work: "first", figure: "wallMs", peer: "cp", atMost: 2.2 },
  { work: "nothing", figure: "wallMs", peer: RESTIC, atMost: 0.2 },
  { work: "change", figure: "wallMs", peer: RESTIC, atMost: 0.4 },
  { work: "change", figure: "addedBytes", peer: RESTIC, atMost: 0.5 },
  { work: "insert", figure: "wallMs", peer: RESTIC, atMost: 0.35 },
  { work: "insert", figure: "addedBytes", atMostBytes: 10 * MB },
  { work: "restore", figure: "wallMs", peer: RESTIC, atMost: 0.6 },
  { work: "files-first", figure: "wallMs", peer: RESTIC, atMost: 0.5 },
];

/** A bar and whether it was reached. */
export interface JudgedBar {
  readonly what: string;
  readonly bar: string;
  readonly reached: string;
  /** `not measured` when the work or the peer was left out. */
  readonly verdict: "reached" | "missed" | "not measured";
}

/** Compares what was measured with what is wanted. */
export function judgeBars(results: Results): readonly JudgedBar[] {
  return BARS.map((bar) => {
    if ("atMostBytes" in bar) {
      const bytes = results.median(OURS, bar.work, bar.figure);
      return judged(
        WORKS[bar.work],
        "stored",
        bytes,
        bar.atMostBytes,
        (value) => `${(value / MB).toFixed(1)} MB`,
      );
    }
    const what = bar.figure === "wallMs" ? "time" : "bytes";
    const ratio = results.ratio(OURS, bar.peer, bar.work, bar.figure);
    return judged(WORKS[bar.work], what, ratio, bar.atMost, (value) => `${value.toFixed(2)} × ${bar.peer}`);
  });
}

/** One bar of "at most". */
export function judged(
  work: string,
  figure: string,
  value: number | undefined,
  atMost: number,
  write: (value: number) => string,
): JudgedBar {
  return {
    what: `${work}: ${figure}`,
    bar: `at most ${write(atMost)}`,
    reached: value === undefined ? "–" : write(value),
    verdict: value === undefined ? "not measured" : value <= atMost ? "reached" : "missed",
  };
}
