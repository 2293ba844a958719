import fc from "fast-check";
import { expect, test } from "vitest";
import { durationLike, timeTicks } from "./time-axis.ts";

const labels = (fromMs: number, toMs: number, most: number): readonly string[] =>
  timeTicks(fromMs, toMs, most).map((tick) => tick.label);

test("ticks are at moments at which people count", () => {
  expect(labels(0, 20_000, 5)).toEqual(["0", "5 s", "10 s", "15 s", "20 s"]);
  expect(labels(0, 2, 5)).toEqual(["0", "1 ms", "2 ms"]);
  expect(labels(800, 1_300, 4)).toEqual(["800 ms", "1 s", "1.2 s"]);
  expect(labels(50_000, 95_000, 4)).toEqual(["1:00 min", "1:15 min", "1:30 min"]);
  expect(labels(0, 2 * 3_600_000, 4)).toEqual(["0", "1 h", "2 h"]);
  expect(labels(0, 100 * 86_400_000, 3)).toEqual(["0", "50 d", "100 d"]);
});

test("there are never more ticks than asked for, and never a wrong number", () => {
  fc.assert(
    fc.property(
      fc.nat(1e10),
      fc.integer({ min: 1, max: 1e10 }),
      fc.integer({ min: 2, max: 20 }),
      (fromMs, lengthMs, most) => {
        const ticks = timeTicks(fromMs, fromMs + lengthMs, most);
        expect(ticks.length).toBeLessThanOrEqual(most);
        expect(ticks.every((tick) => tick.atMs >= fromMs && tick.atMs <= fromMs + lengthMs)).toBe(true);
        expect(ticks.every((tick) => !/NaN|Infinity|e[+-]/.test(tick.label))).toBe(true);
      },
    ),
  );
});

test("a duration is said in the unit of what it is compared with", () => {
  expect([
    durationLike(300, 3_000),
    durationLike(300, 750),
    durationLike(4, 3_000),
    durationLike(70_000, 3_000),
  ]).toEqual(["0.3 s", "300 ms", "4 ms", "1 min 10 s"]);
});
