import { type Clock, SpotproofError, formatDuration, withTimeLimit } from "../../base/index.ts";
import { abortable } from "../abortable.ts";
import { limitCalls } from "../wrappers/limit-calls.ts";
import { rounded } from "./heartbeats.ts";
import type { InspectedPlace, OpenedPlace } from "./place.ts";
import { INSPECTION_PREFIX, shortReason } from "./probe-area.ts";
import type { Finding } from "./report.ts";
import { meansNoRight } from "./rights.ts";

/** Opening makes several calls: it may take longer than one of them. */
const OPENING_IN_CALLS = 3;

/** An opened store, when there is one, and what opening it has shown. */
export interface Opening {
  readonly opened: OpenedPlace | undefined;
  readonly finding: Finding;
}

/**
 * Opens a store as a job does. When that is refused it is opened for reading, which tries nothing: the other checks then
 * show what is wrong. Rejects only with the signal's reason.
 */
export async function openPlace(
  place: InspectedPlace,
  clock: Clock,
  callLimitMs: number,
  signal: AbortSignal,
): Promise<Opening> {
  const limitMs = callLimitMs * OPENING_IN_CALLS;
  const open = (mode: "read" | "write"): Promise<OpenedPlace> => {
    const reason = (): Error =>
      new SpotproofError(
        "store-unreachable",
        `${place.description}: it was not opened within ${limitMs / 1000} s.`,
      );
    return withTimeLimit({ clock, limitMs, reason, signal }, (limited) =>
      abortable(limited, () => place.open(mode, limited)),
    );
  };
  const beganMs = clock.now();
  let refusal: unknown;
  let opened: OpenedPlace | undefined;
  try {
    opened = await open("write");
  } catch (error) {
    signal.throwIfAborted();
    refusal = error;
    if (mayBeRead(error)) opened = await open("read").catch(() => undefined);
    signal.throwIfAborted();
  }
  const openMs = clock.now() - beganMs;
  if (opened === undefined) return { opened, finding: closed(refusal, openMs) };
  try {
    const readMs = await timeOfRead(opened, clock, callLimitMs, signal);
    return { opened, finding: reached(refusal, openMs, readMs) };
  } catch (error) {
    signal.throwIfAborted();
    const finding = closed(error, openMs);
    // A read that is not allowed says little of the rest; a store that does not answer would only be waited for again.
    if (meansNoRight(error)) return { opened, finding };
    await opened.close?.();
    return { opened: undefined, finding };
  }
}

/** Only a store that answers can be looked at in spite of its refusal. */
function mayBeRead(error: unknown): boolean {
  return (
    error instanceof SpotproofError &&
    (error.code === "store-not-writable" || error.code === "store-unsuitable" || error.code === "store-full")
  );
}

async function timeOfRead(
  { store }: OpenedPlace,
  clock: Clock,
  callLimitMs: number,
  signal: AbortSignal,
): Promise<number> {
  const beganMs = clock.now();
  await limitCalls(store, clock, callLimitMs).read(`${INSPECTION_PREFIX}nothing`, { signal });
  return clock.now() - beganMs;
}

function closed(error: unknown, openMs: number): Finding {
  return {
    verdict: "bad",
    seen: [shortReason(error)],
    advice: error instanceof SpotproofError ? error.entry.advice : "Look at the reason, and try again.",
    facts: { openMs: rounded(openMs), readMs: null, error: codeOf(error) },
  };
}

function reached(refusal: unknown, openMs: number, readMs: number): Finding {
  const facts = {
    openMs: rounded(openMs),
    readMs: rounded(readMs),
    error: refusal === undefined ? null : codeOf(refusal),
  };
  if (refusal !== undefined) {
    const words = `It answers (a small read takes ${formatDuration(readMs)}), but no job could be run with it: ${shortReason(refusal)}`;
    return { ...closed(refusal, openMs), seen: [words], facts };
  }
  return {
    verdict: "good",
    seen: [`Opened in ${formatDuration(openMs)}; a small read takes ${formatDuration(readMs)}.`],
    advice: null,
    facts,
  };
}

function codeOf(error: unknown): string {
  return error instanceof SpotproofError ? error.code : "internal";
}
