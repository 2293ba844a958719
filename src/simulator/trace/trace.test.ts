import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeTrace } from "./describe-trace.ts";
import { type TraceStatistics, generateTrace } from "./generate-trace.ts";
import { planFromTrace } from "./plan-from-trace.ts";
import { readTrace, writeTrace } from "./read-trace.ts";

const HOUR = 3_600_000;

const ASKED: TraceStatistics = {
  seed: 1,
  gapMs: 195_000,
  days: 45,
  availability: 0.6,
  medianRunMs: 40 * 60_000,
  meanRunMs: 3 * HOUR,
  most: 8,
};

describe("readTrace", () => {
  test("reads the shapes that are in use", () => {
    const counts = [1, 0, 3];
    const read = (value: object) => readTrace(JSON.stringify(value), "t.json");
    expect(read({ gap_seconds: 195, data: counts })).toEqual({ gapMs: 195_000, counts });
    expect(read({ gapSeconds: 0.5, data: counts })).toEqual({ gapMs: 500, counts });
    expect(
      read({ metadata: { gap_seconds: 600, start_time: "2022-10-26T22:05:00" }, data: counts, zone: "x" }),
    ).toEqual({ gapMs: 600_000, startTime: "2022-10-26T22:05:00", counts });
    expect(read({ metadata: { gapSeconds: 600, startTime: 1_666_821_900 }, data: counts }).startTime).toBe(
      "1666821900",
    );
  });

  test.each([
    ["", "it is not JSON"],
    ["[1, 2]", "it is not an object such as"],
    ["null", "it is not an object such as"],
    ['{"data": [1]}', '"gap_seconds" is missing'],
    ['{"gap_seconds": 0, "data": [1]}', '"gap_seconds" is 0'],
    ['{"gap_seconds": "195", "data": [1]}', '"gap_seconds" is "195"'],
    ['{"gap_seconds": 1e99, "data": [1]}', "at most 86400"],
    ['{"gap_seconds": 195}', '"data" is missing'],
    ['{"gap_seconds": 195, "data": []}', '"data" is []'],
    ['{"gap_seconds": 195, "data": "1,0"}', '"data" is "1,0"'],
    ['{"gap_seconds": 195, "data": [1, 0, -1]}', 'tick 2 of "data" is -1'],
    ['{"gap_seconds": 195, "data": [1.5]}', 'tick 0 of "data" is 1.5'],
    ['{"gap_seconds": 195, "data": [true]}', 'tick 0 of "data" is true'],
    ['{"gap_seconds": 195, "data": [null]}', 'tick 0 of "data" is null'],
  ])("%s is no trace", (text, words) => {
    expect(() => readTrace(text, "t.json")).toThrow(`t.json is no trace: `);
    expect(() => readTrace(text, "t.json")).toThrow(words);
  });

  test("reads what is written", () => {
    const trace = { gapMs: 195_000, startTime: "then", counts: [0, 1, 2] };
    expect(readTrace(writeTrace(trace), "t.json")).toEqual(trace);
    expect(readTrace(writeTrace(generateTrace(ASKED)), "t.json")).toEqual(generateTrace(ASKED));
  });
});

describe("describeTrace", () => {
  test("measures runs, outages and interruptions, for any need", () => {
    const trace = { gapMs: 1000, counts: [0, 2, 2, 1, 0, 0, 1, 3] };
    expect(describeTrace(trace)).toMatchObject({
      ticks: 8,
      lengthMs: 8000,
      availability: 5 / 8,
      interruptions: 1,
      runs: 2,
      medianRunMs: 2500,
      meanRunMs: 2500,
      outages: 2,
      medianOutageMs: 1500,
      meanOutageMs: 1500,
      most: 3,
    });
    expect(describeTrace(trace, 2)).toMatchObject({
      interruptions: 1,
      runs: 2,
      medianRunMs: 1500,
      outages: 2,
    });
    expect(describeTrace(trace, 9)).toMatchObject({
      availability: 0,
      runs: 0,
      meanRunMs: 0,
      interruptions: 0,
    });
  });
});

describe("generateTrace", () => {
  test("a trace has the asked statistics", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.double({ min: 0.17, max: 0.9, noNaN: true }),
        fc.double({ min: 0.3, max: 1.4, noNaN: true }),
        fc.double({ min: 2, max: 7, noNaN: true }),
        (seed, availability, medianHours, ratio) => {
          const asked = {
            ...ASKED,
            seed,
            availability,
            medianRunMs: medianHours * HOUR,
            meanRunMs: medianHours * ratio * HOUR,
          };
          const found = describeTrace(generateTrace(asked));
          expect(found.availability).toBeCloseTo(availability, 3);
          expect(found.meanRunMs / asked.meanRunMs).toBeGreaterThan(0.95);
          expect(found.meanRunMs / asked.meanRunMs).toBeLessThan(1.05);
          expect(found.medianRunMs / asked.medianRunMs).toBeGreaterThan(0.8);
          expect(found.medianRunMs / asked.medianRunMs).toBeLessThan(1.25);
          expect(found.most).toBeLessThanOrEqual(asked.most);
          expect(found.lengthMs).toBeCloseTo(45 * 24 * HOUR, -6);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("the same seed gives the same trace, and another seed another one", () => {
    expect(generateTrace(ASKED)).toEqual(generateTrace(ASKED));
    expect(generateTrace({ ...ASKED, seed: 2 })).not.toEqual(generateTrace(ASKED));
  });

  test("capacity that is always there is never away; a short trace has at least one run", () => {
    expect(describeTrace(generateTrace({ ...ASKED, availability: 1 }))).toMatchObject({
      interruptions: 0,
      outages: 0,
    });
    expect(describeTrace(generateTrace({ ...ASKED, days: 0.01, meanRunMs: 500 * HOUR })).runs).toBe(1);
  });

  test.each([
    [{ availability: 0 }, "the availability is 0 %"],
    [{ availability: 1.1 }, "at most 100 %"],
    [{ medianRunMs: 1000 }, "shorter than a tick"],
    [{ meanRunMs: HOUR / 2 }, "shorter than the median run"],
    [{ gapMs: 0 }, "above 0"],
    [{ days: 0 }, "0 days"],
    [{ days: 1e9 }, "more than 1000000 ticks"],
    [{ days: 0.001 }, "fewer than two ticks"],
    [{ most: 0 }, "at most 0 instances"],
    [{ meanRunMs: Number.NaN }, "No trace can have these statistics"],
  ])("%j is refused", (wrong, words) => {
    expect(() => generateTrace({ ...ASKED, ...wrong })).toThrow(words);
  });
});

describe("planFromTrace", () => {
  const trace = { gapMs: 100_000, counts: [0, 0, 2, 2, 1, 0, 1, 0, 0] };
  const noNotice = () => undefined;

  test("a fall below the need takes the machine, and the next one comes when it is back", () => {
    expect(planFromTrace(trace, { leadMs: noNotice })).toMatchObject([
      { number: 1, at: { kind: "elapsed", ms: 300_000 }, notice: undefined, capacityDelayMs: 100_000 },
      { number: 2, at: { kind: "elapsed", ms: 500_000 }, capacityDelayMs: 200_000 },
    ]);
    expect(planFromTrace(trace, { need: 2, leadMs: noNotice })).toMatchObject([
      { at: { ms: 200_000 }, capacityDelayMs: 500_000 },
    ]);
  });

  test("a notice comes its lead before, and not before the machine itself", () => {
    expect(planFromTrace(trace, { leadMs: () => 120_000 })).toMatchObject([
      { at: { ms: 180_000 }, notice: { leadMs: 120_000 } },
      { at: { ms: 400_000 }, notice: { leadMs: 100_000 } },
    ]);
  });

  test("some ticks alone can be replayed", () => {
    expect(planFromTrace(trace, { from: 4, ticks: 3, leadMs: noNotice })).toMatchObject([
      { at: { ms: 100_000 }, capacityDelayMs: 100_000 },
    ]);
    expect(() => planFromTrace(trace, { from: 9, leadMs: noNotice })).toThrow("there is none from 9 on");
    expect(() => planFromTrace(trace, { ticks: 2, leadMs: noNotice })).toThrow(
      "In none of the 2 replayed ticks",
    );
  });
});
