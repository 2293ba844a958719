import { formatBytes, formatDuration } from "../../base/index.ts";
import type { Finding } from "./report.ts";

/** The time in which a save must be durable. */
export interface SaveWindow {
  /** Between the notice and the end of the machine, in ms. */
  readonly windowMs: number;
  /** What is left of it after the time to stop the command and a safety, in ms. */
  readonly usableMs: number;
  /** How large the job's state is; undefined when nobody said so. */
  readonly stateBytes: number | undefined;
  readonly heartbeatMs: number;
}

/** What the store was found to do. */
export interface StoreSpeed {
  readonly bytesPerSecond: number;
  readonly smallWriteMs: number;
}

const CHANGED_SHARE = 0.01;
/** After its full packs a save makes three small calls, one after the other: a last pack, the manifest, a look at the claim. */
const SMALL_CALLS_PER_SAVE = 3;

/** What a measured speed means for the first save, and for one with 1 % changed. */
export function forecastSaves(
  { windowMs, usableMs, stateBytes }: SaveWindow,
  { bytesPerSecond, smallWriteMs }: StoreSpeed,
): Finding {
  const saveMs = (bytes: number): number =>
    (bytes / bytesPerSecond) * 1000 + SMALL_CALLS_PER_SAVE * smallWriteMs;
  const fixedMs = SMALL_CALLS_PER_SAVE * smallWriteMs;
  const windowBytes = Math.floor((Math.max(0, usableMs - fixedMs) / 1000) * bytesPerSecond);
  const room = `Of a notice of ${formatDuration(windowMs)}, ${formatDuration(usableMs)} are left beside the time to stop the command: in these the store takes about ${formatBytes(windowBytes)}.`;
  const facts = { windowMs, usableMs, windowBytes, stateBytes: stateBytes ?? null };
  if (stateBytes === undefined) {
    const unknown = { firstSaveMs: null, firstSaveFits: null, changedSaveMs: null, changedSaveFits: null };
    return { verdict: "good", seen: [room], advice: null, facts: { ...facts, ...unknown } };
  }
  const firstSaveMs = saveMs(stateBytes);
  const changedSaveMs = saveMs(stateBytes * CHANGED_SHARE);
  const fits = { first: firstSaveMs <= usableMs, changed: changedSaveMs <= usableMs };
  const words = (does: boolean): string => (does ? "fits the window" : "DOES NOT FIT the window");
  return {
    verdict: fits.first ? "good" : fits.changed ? "warning" : "bad",
    seen: [
      room,
      `As far as the store goes, a first save of ${formatBytes(stateBytes)} takes about ${formatDuration(firstSaveMs)}: ${words(fits.first)}. With 1 % changed since the last save, about ${formatDuration(changedSaveMs)}: ${words(fits.changed)}.`,
    ],
    advice: fits.first ? null : fits.changed ? SAVE_IN_BACKGROUND : TOO_SLOW,
    facts: {
      ...facts,
      firstSaveMs: Math.round(firstSaveMs),
      firstSaveFits: fits.first,
      changedSaveMs: Math.round(changedSaveMs),
      changedSaveFits: fits.changed,
    },
  };
}

const SAVE_IN_BACKGROUND =
  "Let the job save while it runs (--every), so that on a notice only what has changed since must be written. A notice before the first save has ended loses the work done until then.";
const TOO_SLOW =
  "Use a quicker store, or one that is nearer to the machine, or make the state smaller: not even what changes would be saved in time.";
