import { SpotproofError } from "../../base/index.ts";
import type { PlannedInterruption } from "../scenario/plan.ts";
import type { Trace } from "./trace.ts";

/** How a trace becomes interruptions. */
export interface TraceReplay {
  /** The first tick that is replayed. Default 0. */
  readonly from?: number | undefined;
  /** How many ticks are. Default: all. */
  readonly ticks?: number | undefined;
  /** So many instances must be available, or a machine is taken away. Default 1. */
  readonly need?: number | undefined;
  /** The lead of the notice of the n-th fall, in ms; undefined: without notice. A machine that lived shorter has that. */
  readonly leadMs: (fall: number) => number | undefined;
}

/** Availability that falls below the need, and when it is back. */
interface Fall {
  /** When the machine came that is taken away. */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly backMs: number;
}

/**
 * The interruptions of a trace: wherever availability falls below the need a machine is gone, and the next one comes when it is
 * back. Moments are `elapsed`, from the first replayed tick that has what is needed: before it nothing could have been started.
 * An outage that lasts to the last tick is over there.
 * @throws SpotproofError `bad-usage` when the ticks are not in the trace, or none of them has what is needed
 */
export function planFromTrace(trace: Trace, replay: TraceReplay): readonly PlannedInterruption[] {
  const { from = 0, ticks, need = 1, leadMs } = replay;
  const counts = trace.counts.slice(from, ticks === undefined ? undefined : from + ticks);
  if (counts.length === 0) {
    throw new SpotproofError(
      "bad-usage",
      `The trace has ${trace.counts.length} ticks; there is none from ${from} on.`,
    );
  }
  const first = counts.findIndex((count) => count >= need);
  if (first < 0) {
    throw new SpotproofError(
      "bad-usage",
      `In none of the ${counts.length} replayed ticks of the trace ${need === 1 ? "an instance is" : `${need} instances are`} available.`,
    );
  }
  return fallsOf(counts.slice(first), need, trace.gapMs).map((fall, index) =>
    interruptionOf(fall, index + 1, leadMs(index + 1)),
  );
}

function fallsOf(counts: readonly number[], need: number, gapMs: number): readonly Fall[] {
  const falls: Fall[] = [];
  let sinceMs = 0;
  let tick = 0;
  while (tick < counts.length) {
    const down = nextTick(counts, tick, (count) => count < need);
    if (down >= counts.length) break;
    const up = nextTick(counts, down, (count) => count >= need);
    falls.push({ sinceMs, atMs: down * gapMs, backMs: up * gapMs });
    sinceMs = up * gapMs;
    tick = up;
  }
  return falls;
}

/** The first tick from `from` on that fits; the number of ticks when there is none. */
function nextTick(counts: readonly number[], from: number, fits: (count: number) => boolean): number {
  let tick = from;
  while (tick < counts.length && !fits(counts[tick] ?? 0)) tick += 1;
  return tick;
}

function interruptionOf(fall: Fall, number: number, leadMs: number | undefined): PlannedInterruption {
  const lead = leadMs === undefined ? undefined : Math.min(leadMs, fall.atMs - fall.sinceMs);
  return {
    number,
    at: { kind: "elapsed", ms: fall.atMs - (lead ?? 0) },
    duringWrite: false,
    notice: lead === undefined ? undefined : { action: "terminate", leadMs: lead, via: "metadata" },
    end: { kind: "machine" },
    capacityDelayMs: fall.backMs - fall.atMs,
    flaps: [],
    faults: [],
  };
}
