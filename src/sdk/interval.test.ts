import { describe, expect, test } from "vitest";
import { checkpointDue } from "./checkpoint-due.ts";
import { bestIntervalMs } from "./interval.ts";
import { interruptionRate } from "./interruption-rate.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Of a checkpoint that keeps the work waiting as long as it takes, where no notice suffices. */
const intervalMs = (costMs: number, interruptedEveryMs: number): number =>
  bestIntervalMs({
    costMs,
    durationMs: costMs,
    interruptedEveryMs,
    noticesThatSuffice: 0,
    maxOverhead: 0.99,
  });

describe("the best time between two checkpoints", () => {
  test.each([
    [5 * SECOND, HOUR, 3.1],
    [5 * SECOND, 4 * HOUR, 6.3],
    [30 * SECOND, HOUR, 7.4],
    [30 * SECOND, 4 * HOUR, 15.2],
    [30 * SECOND, 24 * HOUR, 37.6],
    [120 * SECOND, 4 * HOUR, 29.7],
    [120 * SECOND, 24 * HOUR, 74.6],
    [600 * SECOND, 4 * HOUR, 62.8],
  ])("is Daly's, for a cost of %d ms and an interruption every %d ms", (costMs, meanMs, minutes) => {
    expect(intervalMs(costMs, meanMs) / MINUTE).toBeCloseTo(minutes, 1);
  });

  test.each([
    [5 * SECOND, HOUR],
    [120 * SECOND, 4 * HOUR],
    [600 * SECOND, 4 * HOUR],
  ])("loses within 0.2 %% of the least that any interval loses (%d ms, %d ms)", (costMs, meanMs) => {
    const slowdown = (ms: number): number => (meanMs * Math.expm1((ms + costMs) / meanMs)) / ms;
    let least = Number.POSITIVE_INFINITY;
    for (let ms = MINUTE / 4; ms < 5 * HOUR; ms += SECOND) least = Math.min(least, slowdown(ms));
    expect(slowdown(intervalMs(costMs, meanMs))).toBeLessThan(least * 1.002);
  });

  test("is the time between interruptions where a checkpoint costs twice as much", () => {
    expect(intervalMs(2 * HOUR, HOUR)).toBe(HOUR * 2); // never shorter than one takes
    const free = { durationMs: 0, noticesThatSuffice: 0, maxOverhead: 0.99 };
    expect(bestIntervalMs({ ...free, costMs: 2 * HOUR, interruptedEveryMs: HOUR })).toBe(HOUR);
  });

  test("is longer the more notices leave time for a last save", () => {
    const facts = { costMs: SECOND, durationMs: SECOND, interruptedEveryMs: HOUR, maxOverhead: 0.99 };
    const [none, half, all] = [0, 0.5, 1].map((share) =>
      bestIntervalMs({ ...facts, noticesThatSuffice: share }),
    );
    expect(none).toBeLessThan(half ?? 0);
    expect(half).toBeLessThan(all ?? 0);
    expect(all).toBeLessThan(1e9);
  });

  test("lets checkpoints take no more than the share of the time that was given", () => {
    const facts = { durationMs: 0, interruptedEveryMs: MINUTE, noticesThatSuffice: 0, maxOverhead: 0.035 };
    const costMs = 10 * SECOND;
    expect(costMs / (bestIntervalMs({ ...facts, costMs }) + costMs)).toBeCloseTo(0.035, 6);
  });

  test("is never under a second", () => {
    expect(intervalMs(0, HOUR)).toBe(SECOND);
  });
});

describe("the rate of interruptions", () => {
  test("is what was assumed until something was seen, and then what was seen", () => {
    expect(interruptionRate([], HOUR)).toEqual({ interruptedEveryMs: HOUR, noticesThatSuffice: 0.5 });
    const past = Array.from({ length: 99 }, () => ({ aliveMs: MINUTE, end: "unnoticed" as const }));
    const rate = interruptionRate(past, HOUR);
    expect(rate.interruptedEveryMs).toBeCloseTo((99 * MINUTE + HOUR) / 100);
    expect(rate.noticesThatSuffice).toBeLessThan(0.01);
  });

  test("counts the time of lives that ended by themselves, and not their ends", () => {
    const past = [{ aliveMs: 10 * HOUR, end: "other" as const }];
    expect(interruptionRate(past, HOUR)).toEqual({ interruptedEveryMs: 11 * HOUR, noticesThatSuffice: 0.5 });
  });
});

describe("when a checkpoint is due", () => {
  const rate = () => ({ interruptedEveryMs: HOUR, noticesThatSuffice: 0 });

  test("after so many steps, or so many seconds, or after the first step and then by what one costs", () => {
    const due = checkpointDue(3, rate, 0.035);
    expect([1, 2, 3].map((steps) => due({ steps, ms: 0 }, undefined))).toEqual([false, false, true]);
    const bySeconds = checkpointDue({ seconds: 2 }, rate, 0.035);
    expect([1999, 2000].map((ms) => bySeconds({ steps: 1, ms }, undefined))).toEqual([false, true]);
    const auto = checkpointDue("auto", rate, 0.035);
    const last = { costMs: 5 * SECOND, durationMs: 5 * SECOND };
    expect(auto({ steps: 1, ms: 0 }, undefined)).toBe(true);
    expect([3 * MINUTE, 3.2 * MINUTE].map((ms) => auto({ steps: 9, ms }, last))).toEqual([false, true]);
  });

  test.each([
    [0],
    [-1],
    [1.5],
    [Number.NaN],
    [{ seconds: 0 }],
    [{ seconds: Number.NaN }],
    [{}],
    ["often"],
    [null],
  ])("%j is refused with what can be given", (every) => {
    expect(() => checkpointDue(every as number, rate, 0.035)).toThrow(/"auto"/);
  });
});
