import { type CheckpointId, SpotproofError } from "../../base/index.ts";
import type { Retention } from "../checkpoint.ts";
import type { ListedCheckpoint } from "./list.ts";

/**
 * Which of the checkpoints, given newest first, a retention keeps. One that cannot be read counts for nothing, and is
 * kept when it is newer than the last that `last` keeps: it may be a good one whose manifest can be mended (C05).
 * @throws SpotproofError `bad-usage`
 */
export function keptByRetention(
  newestFirst: readonly ListedCheckpoint[],
  { last, hourly = 0, daily = 0 }: Retention,
): ReadonlySet<CheckpointId> {
  if (!Number.isInteger(last) || last < 2) {
    throw new SpotproofError("bad-usage", `At least the last 2 checkpoints are kept; ${last} was asked for.`);
  }
  const kept = new Set<CheckpointId>();
  let counted = 0;
  for (const one of newestFirst) {
    if (counted === last) break;
    kept.add(one.id);
    if (one.kind === "readable") counted += 1;
  }
  // "2026-01-02T03:…": the first 13 characters name the hour, the first 10 the day.
  for (const id of newestOfEach(newestFirst, 13, hourly)) kept.add(id);
  for (const id of newestOfEach(newestFirst, 10, daily)) kept.add(id);
  return kept;
}

function newestOfEach(
  newestFirst: readonly ListedCheckpoint[],
  characters: number,
  periods: number,
): readonly CheckpointId[] {
  const newest = new Map<string, CheckpointId>();
  for (const one of newestFirst) {
    if (one.kind !== "readable") continue;
    const period = one.capturedAt.slice(0, characters);
    if (!newest.has(period)) newest.set(period, one.id);
  }
  return [...newest.values()].slice(0, periods);
}
