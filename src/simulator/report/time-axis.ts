import { formatDuration } from "../../base/index.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Distances between ticks at which people can count. */
const STEPS: readonly number[] = [
  [1, 2, 5, 10, 20, 50, 100, 200, 500],
  [1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  [1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  [1, 2, 3, 6, 12].map((count) => count * HOUR),
].flat();

/** A tick of the time axis. */
export interface Tick {
  readonly atMs: number;
  readonly label: string;
}

/** At most `most` ticks at round moments from `fromMs` to `toMs`. */
export function timeTicks(fromMs: number, toMs: number, most: number): readonly Tick[] {
  const least = Math.max(1, toMs - fromMs) / Math.max(1, most - 1);
  const step = STEPS.find((candidate) => candidate >= least) ?? Math.ceil(least / DAY) * DAY;
  const first = Math.ceil(fromMs / step);
  const ticks: Tick[] = [];
  for (let index = first; index * step <= toMs; index += 1) {
    ticks.push({ atMs: index * step, label: tickLabel(index * step, step) });
  }
  return ticks;
}

function tickLabel(atMs: number, step: number): string {
  if (atMs === 0) return "0";
  if (step < SECOND) return atMs < SECOND ? `${atMs} ms` : `${trimmed(atMs / SECOND, 3)} s`;
  if (atMs < MINUTE) return `${atMs / SECOND} s`;
  if (step < MINUTE) return `${Math.floor(atMs / MINUTE)}:${two((atMs % MINUTE) / SECOND)} min`;
  if (atMs < HOUR) return `${atMs / MINUTE} min`;
  if (step < HOUR) return `${Math.floor(atMs / HOUR)}:${two((atMs % HOUR) / MINUTE)} h`;
  return step % DAY === 0 ? `${atMs / DAY} d` : `${atMs / HOUR} h`;
}

const two = (value: number): string => String(Math.round(value)).padStart(2, "0");
const trimmed = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** A duration in the unit of the one that it is compared with: `0.3 s` of `3.0 s`, not `300 ms` of it. */
export function durationLike(ms: number, comparedMs: number): string {
  const inSeconds = comparedMs >= SECOND && comparedMs < MINUTE && ms >= 50 && ms < MINUTE;
  return inSeconds ? `${(ms / SECOND).toFixed(1)} s` : formatDuration(ms);
}
