import { SpotproofError } from "../base/index.ts";
import { bestIntervalMs } from "./interval.ts";
import type { CheckpointEvery } from "./job.ts";
import type { InterruptionRate } from "./interruption-rate.ts";

/** What is known at the end of a step. */
export interface SinceCheckpoint {
  readonly steps: number;
  readonly ms: number;
}

/** What the last checkpoint cost. */
export interface CheckpointCost {
  /** How long the loop waited for it, in ms. */
  readonly costMs: number;
  /** How long it took until it was durable, in ms. */
  readonly durationMs: number;
}

/** Decides at the end of every step whether it is time for a checkpoint. */
export type CheckpointDue = (since: SinceCheckpoint, last: CheckpointCost | undefined) => boolean;

/**
 * The rule that the user has asked for.
 * @throws SpotproofError `bad-usage`
 */
export function checkpointDue(
  every: CheckpointEvery,
  rate: () => InterruptionRate,
  maxOverhead: number,
): CheckpointDue {
  if (every === "auto") return automatic(rate, maxOverhead);
  if (typeof every === "number") {
    if (!Number.isSafeInteger(every) || every < 1) throw unclear(`checkpointEvery: ${every}`);
    return ({ steps }) => steps >= every;
  }
  const given: unknown = every;
  if (typeof given !== "object" || given === null) throw unclear(`checkpointEvery: ${String(given)}`);
  const { seconds } = every;
  if (typeof seconds !== "number" || !(seconds > 0))
    throw unclear(`checkpointEvery: { seconds: ${String(seconds)} }`);
  return ({ ms }) => ms >= seconds * 1000;
}

/** The first checkpoint is made after the first step: what one costs has to be known. */
function automatic(rate: () => InterruptionRate, maxOverhead: number): CheckpointDue {
  return ({ ms }, last) => last === undefined || ms >= bestIntervalMs({ ...last, ...rate(), maxOverhead });
}

function unclear(what: string): SpotproofError {
  return new SpotproofError(
    "bad-usage",
    `${what} is no interval. Give a whole number of steps from 1, { seconds: T } with T above 0, or "auto".`,
  );
}
