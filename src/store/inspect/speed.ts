import { randomFillSync } from "node:crypto";
import { type Clock, type Random, formatBytes, formatDuration, randomBelow } from "../../base/index.ts";
import type { Store, StoreBytes, StoreKey } from "../store.ts";
import { rounded, summaryOf } from "./heartbeats.ts";
import type { ProbeArea } from "./probe-area.ts";
import type { Pulse } from "./pulse.ts";
import { type Finding, notChecked } from "./report.ts";
import { type SaveWindow, forecastSaves } from "./window.ts";

// How fast the store takes packs, written as a save writes them: of 16 MiB, three on their way at once.

const MIB = 1024 * 1024;
const PACK_BYTES = 16 * MIB;
const PACKS_IN_FLIGHT = 3;
/** So many packs are there at once; then they are removed, while no time is taken. Bounds the room that is needed. */
const PACKS_THERE = 15;
const MOST_BYTES = 1024 * MIB;

/** What the check works with. */
export interface SpeedParts {
  /** Its calls have a limit that suits a pack. */
  readonly store: Store;
  readonly area: ProbeArea;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly pulse: Pulse;
  /** No pack is begun after so long, in ms; 0 = nothing is measured. */
  readonly measureMs: number;
  readonly window: SaveWindow;
  /** What a small write takes, in ms. */
  readonly smallWriteMs: number;
}

interface Measured {
  readonly bytes: number;
  readonly ms: number;
}

/** Measures writing and reading, and says what that means for the window. */
export async function checkSpeed(parts: SpeedParts): Promise<Finding> {
  const { measureMs, pulse } = parts;
  if (measureMs === 0) return notChecked("Nothing was measured, as asked for.");
  pulse.takeDurations();
  const { written, there } = await measureWriting(parts);
  const beats = pulse.takeDurations();
  const longestBeatMs = beats.length === 0 ? undefined : summaryOf(beats).longestMs;
  const read = await measureReading(parts, there);
  await removeAll(parts, there);
  return describe(parts, { written, read, longestBeatMs });
}

/** Writes in rounds; all but the last one's packs are removed. */
async function measureWriting(
  parts: SpeedParts,
): Promise<{ readonly written: Measured; readonly there: readonly StoreKey[] }> {
  const { area, clock, measureMs, signal, store } = parts;
  const nextBytes = packSource(parts.random);
  const total = { bytes: 0, ms: 0, packs: 0 };
  for (;;) {
    const there: StoreKey[] = [];
    const beganMs = clock.now();
    const mayBegin = (): boolean =>
      there.length < PACKS_THERE &&
      total.bytes + there.length * PACK_BYTES < MOST_BYTES &&
      (total.ms + clock.now() - beganMs < measureMs || total.packs + there.length === 0);
    await inFlight(async () => {
      while (mayBegin()) {
        const key = area.key(`pack-${total.packs + there.length}`);
        there.push(key);
        signal.throwIfAborted();
        await store.create(key, nextBytes(), { signal });
      }
    });
    total.ms += clock.now() - beganMs;
    total.bytes += there.length * PACK_BYTES;
    total.packs += there.length;
    if (total.bytes >= MOST_BYTES || total.ms >= measureMs) return { written: total, there };
    await removeAll(parts, there);
  }
}

/** Runs as many workers at once as a save has packs on their way. The first failure ends all when the others have ended. */
async function inFlight(worker: () => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(Array.from({ length: PACKS_IN_FLIGHT }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** Bytes that no store can make smaller, without making 16 MiB of them each time: the same ones, shifted. */
function packSource(random: Random): () => StoreBytes {
  const bytes = randomFillSync(Buffer.allocUnsafeSlow(PACK_BYTES));
  return () => {
    const shift = randomBelow(random, PACK_BYTES);
    return [bytes.subarray(shift), bytes.subarray(0, shift)];
  };
}

async function measureReading(
  { clock, measureMs, signal, store }: SpeedParts,
  there: readonly StoreKey[],
): Promise<Measured> {
  const waiting = [...there];
  let bytes = 0;
  // Filled, so that the machine gives the memory before the time is taken.
  const buffers = Array.from({ length: PACKS_IN_FLIGHT }, () => Buffer.allocUnsafeSlow(PACK_BYTES).fill(1));
  const beganMs = clock.now();
  await inFlight(async () => {
    const into = buffers.pop();
    while (clock.now() - beganMs < measureMs || bytes === 0) {
      const key = waiting.pop();
      if (key === undefined) return;
      bytes += (await store.read(key, { into, signal }))?.length ?? 0;
    }
  });
  return { bytes, ms: clock.now() - beganMs };
}

async function removeAll({ store, area, signal }: SpeedParts, keys: readonly StoreKey[]): Promise<void> {
  // What could not be removed is told at the end of the inspection.
  await Promise.allSettled(keys.map((key) => area.remove(store, key, { signal })));
}

interface Speeds {
  readonly written: Measured;
  readonly read: Measured;
  /** Undefined when writing was over before there was one. */
  readonly longestBeatMs: number | undefined;
}

function describe({ window, smallWriteMs }: SpeedParts, { written, read, longestBeatMs }: Speeds): Finding {
  const perSecond = ({ bytes, ms }: Measured): number => (bytes / Math.max(ms, 0.001)) * 1000;
  const writeSpeed = perSecond(written);
  const readSpeed = perSecond(read);
  const forecast = forecastSaves(window, { bytesPerSecond: writeSpeed, smallWriteMs });
  const beatsLate = longestBeatMs !== undefined && longestBeatMs >= window.heartbeatMs;
  const beside =
    longestBeatMs === undefined ? "" : `, a small write beside it ${formatDuration(longestBeatMs)} at most`;
  const verdict = beatsLate && forecast.verdict === "good" ? "warning" : forecast.verdict;
  const lateAdvice = "While packs are written a heartbeat takes too long: run jobs with a longer --lease.";
  return {
    verdict,
    seen: [
      `Writes ${speed(writeSpeed)} (${formatBytes(written.bytes)} in ${formatDuration(written.ms)}, random bytes, ${PACKS_IN_FLIGHT} packs of 16 MiB at once)${beside}; reads ${speed(readSpeed)} (just written, so perhaps from a cache).`,
      ...forecast.seen,
    ],
    advice: forecast.advice ?? (beatsLate ? lateAdvice : null),
    facts: {
      writtenBytes: written.bytes,
      writeMs: rounded(written.ms),
      writeBytesPerSecond: Math.round(writeSpeed),
      readBytesPerSecond: Math.round(readSpeed),
      smallWriteMs: rounded(smallWriteMs),
      longestSmallWriteBesideMs: longestBeatMs === undefined ? null : rounded(longestBeatMs),
      ...forecast.facts,
    },
  };
}

const speed = (bytesPerSecond: number): string => `${formatBytes(Math.round(bytesPerSecond))}/s`;
