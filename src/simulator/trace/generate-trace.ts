import { type Random, SpotproofError, formatDuration, randomBelow, seededRandom } from "../../base/index.ts";
import type { Trace } from "./trace.ts";

/** The statistics that a trace shall have. Times are in ms. */
export interface TraceStatistics {
  /** The same seed gives the same trace. */
  readonly seed: number;
  /** From one tick to the next. */
  readonly gapMs: number;
  readonly days: number;
  /** The share of ticks with at least one instance, above 0 and at most 1. */
  readonly availability: number;
  /** Of the stretches with an instance: half of them are shorter. */
  readonly medianRunMs: number;
  /** Their mean; not below the median. */
  readonly meanRunMs: number;
  /** The most instances that are ever available. */
  readonly most: number;
}

/** What is refused beyond: a trace is kept in memory. */
const MOST_TICKS = 1_000_000;

/** How often the number of instances changes by one from a tick to the next, within a run. */
const CHANGE = 0.1;

/**
 * A synthetic trace that has the asked statistics itself, not only on average: run lengths are the quantiles of a lognormal
 * distribution with that median and mean, shuffled, and outages have the same form. With few runs (a short trace, or long runs)
 * what can be reached is coarser.
 * @throws SpotproofError `bad-usage` for statistics that contradict each other
 */
export function generateTrace(asked: TraceStatistics): Trace {
  refuseImpossible(asked);
  const { seed, gapMs, days, availability, medianRunMs, meanRunMs, most } = asked;
  const random = seededRandom(seed);
  const ticks = Math.round((days * 86_400_000) / gapMs);
  const upTicks = Math.min(ticks, Math.max(1, Math.round(ticks * availability)));
  const downTicks = ticks - upTicks;
  const wanted = Math.max(1, Math.round((upTicks * gapMs) / meanRunMs));
  // Each run but the last is followed by an outage, and each of both takes a tick at least.
  const runs = Math.max(1, Math.min(wanted, upTicks, downTicks));
  const runLengths = lengthsOf(upTicks, runs, meanRunMs / medianRunMs);
  const outageLengths = downTicks === 0 ? [] : lengthsOf(downTicks, runs, meanRunMs / medianRunMs);
  shuffle(runLengths, random);
  shuffle(outageLengths, random);
  const startsUp = random.next() < availability;
  const counts: number[] = [];
  for (let index = 0; index < runs; index += 1) {
    const run = runOf(runLengths[index] ?? 0, most, random);
    const outage = Array.from({ length: outageLengths[index] ?? 0 }, () => 0);
    for (const count of startsUp ? [...run, ...outage] : [...outage, ...run]) counts.push(count);
  }
  return { gapMs, counts };
}

function refuseImpossible(asked: TraceStatistics): void {
  const { gapMs, days, availability, medianRunMs, meanRunMs, most } = asked;
  const refuse = (what: string): never => {
    throw new SpotproofError("bad-usage", `No trace can have these statistics: ${what}`);
  };
  if (!(gapMs > 0)) refuse(`from one tick to the next are ${gapMs} ms; it must be above 0.`);
  if (!(days > 0)) refuse(`it is ${days} days long; it must be above 0.`);
  if (!((days * 86_400_000) / gapMs <= MOST_TICKS)) refuse(`it would have more than ${MOST_TICKS} ticks.`);
  if (!((days * 86_400_000) / gapMs >= 2)) refuse("it would have fewer than two ticks.");
  if (!(availability > 0 && availability <= 1)) {
    refuse(`the availability is ${availability * 100} %; it must be above 0 % and at most 100 %.`);
  }
  if (!(Number.isInteger(most) && most >= 1))
    refuse(`at most ${most} instances; it must be a whole number from 1 on.`);
  if (!(medianRunMs >= gapMs)) {
    refuse(
      `the median run (${formatDuration(medianRunMs)}) is shorter than a tick (${formatDuration(gapMs)}).`,
    );
  }
  if (!(meanRunMs >= medianRunMs)) {
    refuse(
      `the mean run (${formatDuration(meanRunMs)}) is shorter than the median run (${formatDuration(medianRunMs)}); a few long runs make it longer.`,
    );
  }
}

/**
 * So many whole lengths of at least 1 with that sum, whose form is lognormal with that ratio of mean to median: its quantiles at
 * the middles of as many equal parts. The form's width is fitted to these few lengths, since the mean of a few quantiles lies below that of the distribution.
 */
function lengthsOf(sum: number, count: number, meanToMedian: number): number[] {
  const median = sum / count / meanToMedian;
  const normals = Array.from({ length: count }, (_, index) => normalQuantile((index + 0.5) / count));
  const lengths = (width: number): number[] =>
    normals.map((normal) => Math.max(1, median * Math.exp(width * normal)));
  let narrow = 0;
  let wide = 8;
  for (let step = 0; step < 60; step += 1) {
    const middle = (narrow + wide) / 2;
    if (total(lengths(middle)) < sum) narrow = middle;
    else wide = middle;
  }
  return wholeLengths(lengths((narrow + wide) / 2), sum);
}

/** Whole numbers with exactly that sum, in proportion to the lengths, none below 1. */
function wholeLengths(lengths: readonly number[], sum: number): number[] {
  const factor = sum / total(lengths);
  let owed = 0;
  let left = sum;
  return lengths.map((length, index) => {
    const after = lengths.length - index - 1;
    owed += length * factor;
    const whole = after === 0 ? left : Math.min(left - after, Math.max(1, Math.round(owed)));
    owed -= whole;
    left -= whole;
    return whole;
  });
}

/** The number of available instances within a run: a walk between 1 and the most. */
function runOf(ticks: number, most: number, random: Random): number[] {
  let count = 1 + randomBelow(random, most);
  return Array.from({ length: ticks }, () => {
    const before = count;
    const step = random.next() < CHANGE ? (random.next() < 0.5 ? -1 : 1) : 0;
    count = Math.min(most, Math.max(1, count + step));
    return before;
  });
}

/** Fisher and Yates. */
function shuffle(values: number[], random: Random): void {
  for (let index = values.length - 1; index > 0; index -= 1) {
    const other = randomBelow(random, index + 1);
    const value = values[index] ?? 0;
    values[index] = values[other] ?? 0;
    values[other] = value;
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/**
 * The standard normal distribution's quantile, by bisection of its distribution function (Abramowitz and Stegun, 26.2.17: wrong by
 * less than 7.5e-8).
 */
function normalQuantile(share: number): number {
  let low = -8;
  let high = 8;
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function normalShare(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}
