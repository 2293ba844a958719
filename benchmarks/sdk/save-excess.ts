// What saves cost a loop of steps, from the times of its own steps alone: the speed of a machine that is shared drifts, and two processes
// at two times cannot be compared. What lies a moment before and after a save can.

/** From when to when, in ms since the job began. */
export type Span = readonly [number, number];

/** The times of a job. */
export interface JobTimes {
  /** From before the job was claimed until after it was recorded as completed. */
  readonly tookMs: number;
  readonly steps: readonly Span[];
  readonly saves: readonly Span[];
}

/** What of a job's time is Spotproof's. Times in ms. */
export interface Overhead {
  /** All that was not within steps: claim, safe points, captures, waiting for a save, heartbeats, timers, the end. */
  readonly outsideMs: number;
  /** The part of it before the first step and after the last. */
  readonly endsMs: number;
  /** What steps during a save took more than those around it. */
  readonly excessMs: number;
  /** How many steps that was. */
  readonly stepsDuringSaves: number;
  /** Both, divided by what is left of the time. */
  readonly share: number;
  /** What the excess comes to, as such a share, for stretches of the same lengths in which there was no save: how far off it may be. */
  readonly control: { readonly mean: number; readonly deviation: number } | undefined;
}

/** Steps on each side that a step during a save is compared with. */
const NEIGHBOURS = 50;
/** A side with fewer says nothing. */
const TOO_FEW = 10;
/** Notes and tidying up follow a save. */
const AFTERMATH_MS = 500;

/** What of a job's time is Spotproof's, by the steps during saves beside their neighbours without one. */
export function overheadOf(times: JobTimes): Overhead {
  const tookMs = times.steps.map(([from, to]) => to - from);
  const during = duringSaves(times);
  const undisturbed = tookMs.filter((_, step) => during[step] !== true);
  const stretches = stretchesOf(during);
  const excessMs = sum(stretches.map(([from, to]) => excessOf(tookMs, during, from, to)));
  const outsideMs = times.tookMs - sum(tookMs);
  const restMs = sum(tookMs) - excessMs;
  const control = controlOf(
    undisturbed,
    stretches.map(([from, to]) => to - from),
  );
  return {
    outsideMs,
    endsMs: (times.steps[0]?.[0] ?? 0) + times.tookMs - (times.steps.at(-1)?.[1] ?? 0),
    excessMs,
    stepsDuringSaves: tookMs.length - undisturbed.length,
    share: (outsideMs + excessMs) / restMs,
    control: control && { mean: control.mean / restMs, deviation: control.deviation / restMs },
  };
}

/** What each step took during which there was no save, in ms. */
export function undisturbedMs(times: JobTimes): readonly number[] {
  const during = duringSaves(times);
  return times.steps.filter((_, step) => during[step] !== true).map(([from, to]) => to - from);
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [below = NaN, above = NaN] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 0 ? (below + above) / 2 : above;
}

function duringSaves({ steps, saves }: JobTimes): readonly boolean[] {
  return steps.map(([from, to]) => saves.some(([began, ended]) => began < to && from < ended + AFTERMATH_MS));
}

/** Where steps during saves begin and end, one after the other. */
function stretchesOf(during: readonly boolean[]): readonly Span[] {
  const stretches: Span[] = [];
  for (let from = 0; from < during.length; from += 1) {
    if (during[from] !== true) continue;
    const length = during.slice(from).indexOf(false);
    const to = length === -1 ? during.length : from + length;
    stretches.push([from, to]);
    from = to;
  }
  return stretches;
}

/** How much longer steps took than the undisturbed ones around them: the mean of the medians of both sides. */
function excessOf(tookMs: readonly number[], during: readonly boolean[], from: number, to: number): number {
  const isUndisturbed = (step: number): boolean => during[step] !== true;
  const before = tookMs.slice(0, from).filter((_, at) => isUndisturbed(at));
  const after = tookMs.slice(to).filter((_, at) => isUndisturbed(to + at));
  const sides = [before.slice(-NEIGHBOURS), after.slice(0, NEIGHBOURS)];
  const medians = sides.filter(({ length }) => length >= TOO_FEW).map(median);
  if (medians.length === 0) throw new Error("Too few steps without a save: give more --seconds.");
  return sum(tookMs.slice(from, to)) - (to - from) * (sum(medians) / medians.length);
}

/** The same reckoning for stretches of these lengths wherever there was no save: what it gives where nothing can be found, all together. */
function controlOf(
  undisturbed: readonly number[],
  lengths: readonly number[],
): { readonly mean: number; readonly deviation: number } | undefined {
  let [mean, variance] = [0, 0];
  for (const length of lengths) {
    const found: number[] = [];
    for (let from = NEIGHBOURS; from + length + NEIGHBOURS <= undisturbed.length; from += length)
      found.push(excessOf(undisturbed, [], from, from + length));
    if (found.length < 2) return undefined;
    const middle = sum(found) / found.length;
    mean += middle;
    variance += sum(found.map((each) => (each - middle) ** 2)) / (found.length - 1);
  }
  return { mean, deviation: Math.sqrt(variance) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
