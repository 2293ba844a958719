import { SpotproofError, reasonOf } from "../../base/index.ts";
import type { Trace } from "./trace.ts";

/** More ticks than this are refused: two minutes apart they are nearly forty years. */
const MOST_TICKS = 10_000_000;

const EXAMPLE = `{"metadata": {"gap_seconds": 195}, "data": [1, 1, 0, 2]}`;

/**
 * Reads a recorded availability: JSON with the seconds from one tick to the next (`gap_seconds` or `gapSeconds`, at the top or
 * under `metadata`) and `data`, the number of available instances at each tick. Other fields are not looked at.
 * @throws SpotproofError `bad-usage` that names `where` and what is wrong with it
 */
export function readTrace(text: string, where: string): Trace {
  const whole = asObject(parseJson(text, where));
  if (whole === undefined) throw wrong(where, `it is not an object such as ${EXAMPLE}.`);
  const head = { ...whole, ...asObject(whole["metadata"]) };
  const gapSeconds = head["gap_seconds"] ?? head["gapSeconds"];
  if (typeof gapSeconds !== "number" || !(gapSeconds > 0 && gapSeconds <= 86_400)) {
    throw wrong(
      where,
      `"gap_seconds" is ${shown(gapSeconds)}; it must be the seconds from one tick to the next, above 0 and at most 86400.`,
    );
  }
  const startTime = head["start_time"] ?? head["startTime"];
  return {
    gapMs: gapSeconds * 1000,
    ...(startTime === undefined || startTime === null ? {} : { startTime: shownTime(startTime) }),
    counts: readCounts(whole["data"], where),
  };
}

/** The text of a trace, as `readTrace` reads it. */
export function writeTrace({ gapMs, startTime, counts }: Trace): string {
  const metadata = {
    gap_seconds: gapMs / 1000,
    ...(startTime === undefined ? {} : { start_time: startTime }),
  };
  return `${JSON.stringify({ metadata, data: counts })}\n`;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new SpotproofError("bad-usage", `${where} is no trace: it is not JSON (${reasonOf(error)}).`, {
      cause: error,
    });
  }
}

function readCounts(data: unknown, where: string): readonly number[] {
  if (!Array.isArray(data) || data.length === 0) {
    throw wrong(
      where,
      `"data" is ${shown(data)}; it must be a list with the number of available instances at each tick.`,
    );
  }
  if (data.length > MOST_TICKS)
    throw wrong(where, `"data" has ${data.length} ticks; ${MOST_TICKS} are the most.`);
  const bad = data.findIndex((count) => !Number.isSafeInteger(count) || count < 0);
  if (bad >= 0) {
    throw wrong(
      where,
      `tick ${bad} of "data" is ${shown(data[bad])}; each must be a whole number from 0 on.`,
    );
  }
  return data as number[];
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function shownTime(value: unknown): string {
  return typeof value === "string" ? value : shown(value);
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function wrong(where: string, what: string): SpotproofError {
  return new SpotproofError("bad-usage", `${where} is no trace: ${what}`);
}
