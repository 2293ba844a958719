/** A bar and whether it was reached. */
export interface JudgedBar {
  readonly what: string;
  readonly bar: string;
  readonly reached: string;
  /** `not measured` when the work or the peer was left out. */
  readonly verdict: "reached" | "missed" | "not measured";
}

/** Judges one figure; undefined stands for one that was not measured. */
export function judged(
  what: string,
  value: number | undefined,
  atMost: number,
  write: (value: number) => string,
): JudgedBar {
  return {
    what,
    bar: `at most ${write(atMost)}`,
    reached: value === undefined ? "–" : write(value),
    verdict: value === undefined ? "not measured" : value <= atMost ? "reached" : "missed",
  };
}
