import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtInScenarios } from "./built-in-scenarios.ts";
import { drawPlan } from "./draw-plan.ts";
import { drawsOf } from "./draws.ts";
import type { Plan } from "./plan.ts";
import { readScenario } from "./read-scenario.ts";

const read = (yaml: string) => readScenario(`name: x\n${yaml}`, "my.yaml");
const seeds = fc.integer({ min: 0, max: 0xffff_ffff });
const shares = (plan: Plan): readonly number[] =>
  plan.interruptions.flatMap(({ at }) => (at.kind === "share" ? [at.share] : []));

const RICH = `
cloud: aws
capacity: [30s, 90s]
interruptions:
  - { at: [60%, 80%], lead: [5s, 30s], rebalance: [1s, 9s] }
  - { at: [10%, 30%], lead: [40s, 60s], cancelled-after: [1s, 9s] }
  - { after: [10m, 20m], ends: zombie, zombie: { paused: [60s, 90s], awake: [1s, 5s] } }
  - { at: 5%, flaps: { times: 3, life: [5s, 20s] }, capacity: [5m, 15m] }
random: { interruptions: 4, leads: { normal: 1, short: 1, none: 1, cancelled: 1 }, rebalance: 50% }
store: [{ kind: slow, at: [5%, 95%], for: [1s, 9s], delay: [1s, 2s] }]
`;

describe("drawPlan", () => {
  test("the same seed gives the same plan, and another seed another one", () => {
    fc.assert(
      fc.property(seeds, seeds, (seed, other) => {
        const plan = drawPlan(read(RICH), { seed });
        expect(drawPlan(read(RICH), { seed })).toEqual(plan);
        fc.pre(seed !== other);
        expect(drawPlan(read(RICH), { seed: other }).interruptions).not.toEqual(plan.interruptions);
      }),
    );
  });

  test("whatever the seed: ranges are kept, interruptions are numbered from 1, and those of a kind are in order", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const plan = drawPlan(read(RICH), { seed });
        expect(plan.interruptions.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        expect(shares(plan)).toEqual([...shares(plan)].sort((a, b) => a - b));
        for (const { capacityDelayMs, notice, flaps, at, end } of plan.interruptions) {
          expect(Number.isInteger(capacityDelayMs)).toBe(true);
          const [least, most] = flaps.length > 0 ? [300_000, 900_000] : [30_000, 90_000];
          expect(capacityDelayMs).toBeGreaterThanOrEqual(least);
          expect(capacityDelayMs).toBeLessThanOrEqual(most);
          for (const life of flaps) expect(life >= 5000 && life <= 20_000).toBe(true);
          if (at.kind === "share") expect(at.share >= 0.05 && at.share <= 0.95).toBe(true);
          if (at.kind === "worked") expect(at.ms >= 600_000 && at.ms <= 1_200_000).toBe(true);
          if (notice?.cancelledAfterMs !== undefined) {
            expect(notice.cancelledAfterMs).toBeLessThan(notice.leadMs);
            expect(end.kind).toBe("none");
          }
        }
        const [store] = plan.storeFaults;
        expect(store?.forMs).toBeGreaterThanOrEqual(1000);
        expect(store?.delayMs).toBeLessThanOrEqual(2000);
      }),
    );
  });

  test("a field that is changed shifts no other draw", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const before = drawPlan(read(RICH), { seed });
        const after = drawPlan(read(RICH.replace("life: [5s, 20s]", "life: [6s, 21s]")), { seed });
        const withoutFlaps = (plan: Plan) =>
          plan.interruptions.map(({ flaps, ...rest }) => ({ ...rest, n: flaps.length }));
        expect(withoutFlaps(after)).toEqual(withoutFlaps(before));
      }),
    );
  });

  test("an entry that is added at the end shifts no other draw", () => {
    const more = RICH.replace("random:", "  - { at: 90%, lead: [1s, 50s] }\nrandom:");
    const before = drawPlan(read(RICH), { seed: 7 }).interruptions.map(
      ({ capacityDelayMs }) => capacityDelayMs,
    );
    const after = drawPlan(read(more), { seed: 7 }).interruptions.map(
      ({ capacityDelayMs }) => capacityDelayMs,
    );
    expect(after).toEqual(expect.arrayContaining(before));
  });

  test("moments of different kinds keep the places that the timetable gives them", () => {
    const plan = drawPlan(read("interruptions: [{ at: 90% }, { time: 5m }, { at: 10% }, { time: 1m }]"));
    expect(plan.interruptions.map(({ at }) => (at.kind === "share" ? at.share : at.ms))).toEqual([
      0.1, 60_000, 0.9, 300_000,
    ]);
  });

  test("without a seed it is seed 1; what is no seed is refused", () => {
    const scenario = read(RICH);
    expect(drawPlan(scenario)).toEqual(drawPlan(scenario, { seed: 1 }));
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 32])
      expect(() => drawPlan(scenario, { seed })).toThrow("seed");
  });
});

describe("random interruptions", () => {
  test("come as often as their rate says, none before the first, and never more than machines", () => {
    const scenario = read("random: { every: 1h, first: 30m }\nlimits: { machines: 1000, time: 400h }");
    const moments = drawPlan(scenario, { seed: 5 }).interruptions.map(({ at }) =>
      at.kind === "worked" ? at.ms : 0,
    );
    expect(moments[0]).toBeGreaterThanOrEqual(1_800_000);
    expect(moments.length).toBeGreaterThan(320);
    expect(moments.length).toBeLessThan(480);
    const few = read("random: { every: 1s }\nlimits: { machines: 5 }");
    expect(drawPlan(few).interruptions).toHaveLength(5);
  });

  test("are announced as often in each way as the weights say", () => {
    const scenario = read(
      "random: { interruptions: 100, leads: { normal: 6, short: 2, none: 1, cancelled: 1 }, rebalance: 30% }",
    );
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((seed) => drawPlan(scenario, { seed }).interruptions);
    const share = (fits: (one: (typeof all)[number]) => boolean): number =>
      all.filter(fits).length / all.length;
    expect(share(({ notice }) => notice === undefined)).toBeCloseTo(0.1, 1);
    expect(share(({ notice }) => notice?.cancelledAfterMs !== undefined)).toBeCloseTo(0.1, 1);
    expect(share(({ notice }) => (notice?.leadMs ?? 1e9) <= 30_000)).toBeCloseTo(0.2, 1);
    expect(share(({ rebalanceBeforeMs }) => rebalanceBeforeMs !== undefined)).toBeCloseTo(0.3, 1);
  });

  test("named dice are even, and each has its own seed", () => {
    const values = Array.from({ length: 4000 }, (_, index) =>
      drawsOf(index % 40)
        .of(index)
        .chance("lead"),
    );
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const inIt = values.filter((value) => Math.floor(value * 10) === tenth).length / values.length;
      expect(Math.abs(inIt - 0.1)).toBeLessThan(0.03);
    }
    expect(new Set(values).size).toBeGreaterThan(3990);
  });
});

describe("built-in scenarios", () => {
  const planned = (name: string, seed: number): Plan => {
    const found = builtInScenarios.find((one) => one.name === name);
    return drawPlan(readScenario(found?.text ?? "", name), { seed });
  };

  test("each is named as it can be asked for, described, and dated by shares, so that it fits any job", () => {
    for (const { name, text } of builtInScenarios) {
      const scenario = readScenario(text, name);
      expect(scenario.name).toBe(name);
      expect(scenario.description).not.toBe("");
      const moments = [...scenario.interruptions, ...scenario.store].map(({ at }) => at.kind);
      expect(new Set(moments)).toEqual(new Set(["share"]));
    }
  });

  test("none but famine waits for capacity longer than a minute, and famine at most twenty", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { name } of builtInScenarios) {
          for (const { capacityDelayMs } of planned(name, seed).interruptions) {
            expect(capacityDelayMs).toBeLessThanOrEqual(name === "famine" ? 1_200_000 : 60_000);
            if (name === "famine") expect(capacityDelayMs).toBeGreaterThanOrEqual(600_000);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test("each does what its name says", () => {
    expect(planned("gentle", 1).interruptions.every(({ end }) => end.kind === "none")).toBe(true);
    const typical = planned("typical", 1).interruptions;
    expect(typical.map(({ notice }) => notice?.leadMs)).toEqual([120_000, 120_000, 120_000]);
    expect(typical.map(({ rebalanceBeforeMs }) => rebalanceBeforeMs)).toEqual([30_000, undefined, undefined]);
    expect(planned("no-notice", 1).interruptions.map(({ notice }) => notice)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const blind = planned("blind", 1);
    expect(blind.metadata.faults.map(({ kind, on }) => [kind, on])).toEqual([
      ["hang", "token"],
      ["hang", "items"],
    ]);
    for (const { end } of planned("zombie", 1).interruptions) {
      expect(end.kind === "zombie" && end.pausedMs >= 150_000).toBe(true);
    }
    const harsh = planned("harsh", 1);
    expect(harsh.interruptions.map(({ end }) => end.kind)).toContain("zone");
    expect(harsh.interruptions.map(({ flaps }) => flaps.length)).toContain(2);
    expect(harsh.interruptions.map(({ rebalanceBeforeMs }) => rebalanceBeforeMs)).toContain(0);
    expect(harsh.interruptions.some(({ duringWrite }) => duringWrite)).toBe(true);
    expect(harsh.interruptions.some(({ clockJumpMs }) => clockJumpMs !== undefined)).toBe(true);
    expect(harsh.storeFaults.map(({ kind }) => kind)).toEqual(["503", "slow"]);
  });
});
