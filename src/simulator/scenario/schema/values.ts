import * as v from "valibot";
import { formatDuration, parseDuration } from "../../../base/index.ts";
import type { Range } from "../scenario.ts";

// The words that values of a scenario are written with. What is read is ms and shares from 0 to 1.

/** No time in a scenario is longer: 30 days. */
export const LONGEST_MS = 30 * 86_400_000;

const DURATION = /^\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d)$/;
const SIGNED_DURATION = /^[+-]?\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d)$/;
const SHARE = /^\d{1,3}(?:\.\d{1,6})?%$/;

const A_DURATION = "must be a duration with its unit, such as 500ms, 30s, 5m or 2h";
const A_SHARE = "must be a share in per cent, such as 25%";

/** The shortest and the longest that a time may be, in ms. */
export interface TimeLimits {
  readonly least?: number;
  readonly most?: number;
}

/** A time, read as whole ms. */
export function duration({ least = 0, most = LONGEST_MS }: TimeLimits = {}) {
  return v.pipe(
    v.string(A_DURATION),
    v.regex(DURATION, A_DURATION),
    v.transform((text) => Math.round(parseDuration(text, "duration"))),
    v.minValue(least, `must be at least ${formatDuration(least)}`),
    v.maxValue(most, `must be at most ${formatDuration(most)}`),
  );
}

/** A time that may go back: `-5m`. Read as whole ms. */
export function signedDuration() {
  const what = `${A_DURATION}, or -5m for backwards`;
  return v.pipe(
    v.string(what),
    v.regex(SIGNED_DURATION, what),
    v.transform((text) => {
      const ms = Math.round(parseDuration(text.replace(/^[+-]/, ""), "duration"));
      return text.startsWith("-") ? -ms : ms;
    }),
    v.minValue(-LONGEST_MS, "must be at most 30 days back"),
    v.maxValue(LONGEST_MS, "must be at most 30 days"),
  );
}

/** A share of something, read as 0 to 1. */
export function share() {
  return v.pipe(
    v.string(A_SHARE),
    v.regex(SHARE, A_SHARE),
    v.transform((text) => Number(text.slice(0, -1)) / 100),
    v.maxValue(1, "must be at most 100%"),
  );
}

/** One time, or two between which it is drawn. */
export function durationOrRange(limits: TimeLimits = {}) {
  const one = duration(limits);
  return v.pipe(
    v.union(
      [one, v.strictTuple([one, one])],
      `must be a duration such as 30s, or two to draw between such as [30s, 90s]${within(limits)}`,
    ),
    v.transform((given): Range => asRange(given)),
    v.check((range) => isRange(range), "must begin with the shorter of the two times"),
  );
}

/** One share, or two between which it is drawn. */
export function shareOrRange() {
  const one = share();
  return v.pipe(
    v.union(
      [one, v.strictTuple([one, one])],
      "must be a share such as 25%, or two to draw between such as [20%, 30%]",
    ),
    v.transform((given): Range => asRange(given)),
    v.check((range) => isRange(range), "must begin with the smaller of the two shares"),
  );
}

/** A whole number. */
export function wholeNumber(least: number, most: number) {
  const what = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(what), v.integer(what), v.minValue(least, what), v.maxValue(most, what));
}

/** Words that are not empty and fit a screen. */
export function words(most: number) {
  const what = `must be a text of 1 to ${most} characters`;
  return v.pipe(v.string(what), v.minLength(1, what), v.maxLength(most, what));
}

/** One of these words. */
export function oneOf<const Names extends readonly [string, ...string[]]>(...names: Names) {
  return v.picklist(names, `must be ${listed(names)}`);
}

/** `a, b or c` */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function within({ least = 0, most = LONGEST_MS }: TimeLimits): string {
  const from = least > 0 ? `, at least ${formatDuration(least)}` : "";
  return most < LONGEST_MS ? `${from}, at most ${formatDuration(most)}` : from;
}

function asRange(given: number | readonly [number, number]): Range {
  return typeof given === "number" ? { from: given, to: given } : { from: given[0], to: given[1] };
}

function isRange({ from, to }: Range): boolean {
  return from <= to;
}
