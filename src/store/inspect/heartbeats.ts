import { type Clock, formatDuration } from "../../base/index.ts";
import type { Store } from "../store.ts";
import type { ProbeArea } from "./probe-area.ts";
import type { Finding } from "./report.ts";

const BEATS = 20;
/** No beat is begun after this. */
const TIME_MS = 10_000;

/** How attempts show that they live. */
export interface HeartbeatTimes {
  /** Between two heartbeats; one that takes longer is given up. */
  readonly heartbeatMs: number;
  /** An attempt whose heartbeat does not change for so long counts as lost. */
  readonly leaseMs: number;
}

/** What the heartbeats have shown. */
export interface HeartbeatFinding extends Finding {
  /** The middle one, in ms; undefined when none was answered. */
  readonly middleMs: number | undefined;
}

/** How long small replaces take, one after the other. */
export async function checkHeartbeats(
  store: Store,
  area: ProbeArea,
  clock: Clock,
  { heartbeatMs, leaseMs }: HeartbeatTimes,
  signal: AbortSignal,
): Promise<HeartbeatFinding> {
  const durations: number[] = [];
  const key = area.key("beat");
  const untilMs = clock.now() + TIME_MS;
  for (let beat = 1; beat <= BEATS && clock.now() < untilMs; beat += 1) {
    const beganMs = clock.now();
    await store.replace(key, [Buffer.from(JSON.stringify({ beat, filler: "-".repeat(400) }))], { signal });
    durations.push(clock.now() - beganMs);
  }
  const { middleMs, longestMs } = summaryOf(durations);
  const isBad = longestMs >= heartbeatMs;
  const isSlow = longestMs >= heartbeatMs / 5;
  return {
    verdict: isBad ? "bad" : isSlow ? "warning" : "good",
    seen: [
      `${durations.length} small writes: ${formatDuration(middleMs)} in the middle, ${formatDuration(longestMs)} at most. A heartbeat is due every ${formatDuration(heartbeatMs)}, the lease is ${formatDuration(leaseMs)}.`,
    ],
    advice: isBad
      ? "Heartbeats would be given up, and a living attempt be taken for lost. Use a quicker store, or run jobs with a longer --heartbeat and --lease."
      : isSlow
        ? "Watch it: under load a heartbeat may miss its time. A longer --heartbeat and --lease gives room."
        : null,
    facts: {
      samples: durations.length,
      middleMs: rounded(middleMs),
      longestMs: rounded(longestMs),
      heartbeatMs,
      leaseMs,
    },
    middleMs,
  };
}

/** The middle and the longest of some durations; 0 when there are none. */
export function summaryOf(durations: readonly number[]): {
  readonly middleMs: number;
  readonly longestMs: number;
} {
  const sorted = [...durations].sort((a, b) => a - b);
  return { middleMs: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, longestMs: sorted.at(-1) ?? 0 };
}

/** To a hundredth of a millisecond: more digits say nothing. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;
