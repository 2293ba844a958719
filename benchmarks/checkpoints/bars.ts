import type { MemoryFigures } from "./memory.ts";
import { type JudgedBar, judged } from "../shared/bars.ts";
import { type Results, WORKS, type Work } from "./results.ts";

// What Spotproof wants to reach, in one run on one machine.

const OURS = "Spotproof";
const MB = 1_000_000;
const MOST_MEMORY_BYTES = 350 * MB;
/** "Does not grow": what garbage collection makes of it is noise. */
const MOST_GROWTH = 1.1;
const LEAST_S3_SHARE = 0.9;

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

/** Compares what was measured with what is wanted. */
export function judgeBars(results: Results): readonly JudgedBar[] {
  return BARS.map((bar) => {
    if ("atMostBytes" in bar) {
      const bytes = results.median(OURS, bar.work, bar.figure);
      return judged(
        `${WORKS[bar.work]}: stored`,
        bytes,
        bar.atMostBytes,
        (value) => `${(value / MB).toFixed(1)} MB`,
      );
    }
    const what = bar.figure === "wallMs" ? "time" : "bytes";
    const ratio = results.ratio(OURS, bar.peer, bar.work, bar.figure);
    return judged(
      `${WORKS[bar.work]}: ${what}`,
      ratio,
      bar.atMost,
      (value) => `${value.toFixed(2)} × ${bar.peer}`,
    );
  });
}

/** The most memory at any size, and that it does not grow with the size. */
export function judgeMemory(figures: readonly MemoryFigures[]): readonly JudgedBar[] {
  const peaks = figures.map((figure) => Math.max(figure.savePeakBytes, figure.restorePeakBytes));
  const [smallest, largest] = [peaks[0], peaks.at(-1)];
  const growth = smallest === undefined || largest === undefined ? undefined : largest / smallest;
  const inMb = (value: number): string => `${(value / MB).toFixed(0)} MB`;
  const most = peaks.length === 0 ? undefined : Math.max(...peaks);
  return [
    judged("peak memory: at any size", most, MOST_MEMORY_BYTES, inMb),
    judged(
      "peak memory: largest state beside smallest",
      growth,
      MOST_GROWTH,
      (value) => `${value.toFixed(2)} ×`,
    ),
  ];
}

/** To S3: as fast as plain requests of the same bytes, nearly. */
export function judgeS3(results: Results, plain: string, title: string): readonly JudgedBar[] {
  const ratio = results.ratio(plain, OURS, "first", "wallMs");
  const share = (value: number): string => `${(value * 100).toFixed(0)} % of ${plain}`;
  return [
    {
      what: `${title}, first save: throughput`,
      bar: `at least ${share(LEAST_S3_SHARE)}`,
      reached: ratio === undefined ? "–" : share(ratio),
      verdict: ratio === undefined ? "not measured" : ratio >= LEAST_S3_SHARE ? "reached" : "missed",
    },
  ];
}
