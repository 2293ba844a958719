import type { RehearsedJob } from "../rehearsal/record.ts";

/** How far the job was, over time: one line for every attempt that told. */
export interface ProgressCurve {
  /** What the top of the drawing stands for. */
  readonly total: number;
  /** Whether the job itself named that total. */
  readonly totalKnown: boolean;
  readonly unit?: string | undefined;
  readonly lines: readonly (readonly ProgressPoint[])[];
}

/** `share` is 0 to 1. */
export interface ProgressPoint {
  readonly atMs: number;
  readonly share: number;
}

/** Undefined when the job never told, or only ever told 0. */
export function progressCurve(job: RehearsedJob): ProgressCurve | undefined {
  let named = 0;
  let reached = 0;
  let unit: string | undefined;
  for (const { progress } of job.attempts) {
    for (const point of progress) {
      named = Math.max(named, point.total ?? 0);
      reached = Math.max(reached, point.done);
      unit = point.unit ?? unit;
    }
  }
  const total = Math.max(named, reached);
  if (!(total > 0)) return undefined;
  const lines = job.attempts
    .filter((attempt) => attempt.progress.length > 0)
    .map((attempt) => attempt.progress.map(({ atMs, done }) => ({ atMs, share: Math.max(0, done / total) })));
  return { total, totalKnown: named > 0, unit, lines };
}
