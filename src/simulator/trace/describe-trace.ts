import type { Trace } from "./trace.ts";

/** What a trace is like. Times are in ms; the first and the last run count as they are, although the recording cut them. */
export interface TraceDescription {
  readonly ticks: number;
  readonly gapMs: number;
  readonly lengthMs: number;
  /** The share of ticks with what is needed, 0 to 1. */
  readonly availability: number;
  /** How often it fell below the need. */
  readonly interruptions: number;
  /** Stretches with what is needed; 0 when there is none. */
  readonly runs: number;
  readonly medianRunMs: number;
  readonly meanRunMs: number;
  /** Stretches without; 0 when there is none. */
  readonly outages: number;
  readonly medianOutageMs: number;
  readonly meanOutageMs: number;
  /** The most instances that were available at once. */
  readonly most: number;
}

/** Measures a trace. `need`: so many instances are needed; default 1. */
export function describeTrace({ gapMs, counts }: Trace, need = 1): TraceDescription {
  const runs: number[] = [];
  const outages: number[] = [];
  let interruptions = 0;
  let most = 0;
  let before: boolean | undefined;
  for (const count of counts) {
    const enough = count >= need;
    const stretches = enough ? runs : outages;
    if (enough === before) stretches.push((stretches.pop() ?? 0) + 1);
    else stretches.push(1);
    if (before === true && !enough) interruptions += 1;
    most = Math.max(most, count);
    before = enough;
  }
  return {
    ticks: counts.length,
    gapMs,
    lengthMs: counts.length * gapMs,
    availability: sum(runs) / counts.length,
    interruptions,
    runs: runs.length,
    medianRunMs: median(runs) * gapMs,
    meanRunMs: mean(runs) * gapMs,
    outages: outages.length,
    medianOutageMs: median(outages) * gapMs,
    meanOutageMs: mean(outages) * gapMs,
    most,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
