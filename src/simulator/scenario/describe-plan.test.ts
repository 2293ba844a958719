import { expect, test } from "vitest";
import { describePlan } from "./describe-plan.ts";
import { drawPlan } from "./draw-plan.ts";
import { readScenario } from "./read-scenario.ts";

const lines = (yaml: string, speed?: number) =>
  describePlan(drawPlan(readScenario(`name: x\n${yaml}`, "my.yaml")), speed === undefined ? {} : { speed });

test("a plan is told in one line for each interruption", () => {
  const told = lines(`
description: All that there is.
capacity: 43s
interruptions:
  - { at: 20%, rebalance: 60s }
  - { at: 30%, rebalance: together, lead: 5s, via: both }
  - { at: 40%, rebalance: alone }
  - { at: 50%, cancelled-after: 30s, faults: [{ kind: status, status: 503, for: 30s }] }
  - { at: 60%, lead: none, ends: zone, flaps: { times: 2, life: 5s }, during-write: true }
  - { at: 70%, ends: zombie, clock-jump: -1h }
  - { at: 80%, action: hibernate }
  - { at: 90%, via: sigterm, action: stop, lead: 0s }
store: [{ kind: slow, at: 50%, for: 60s, share: 50%, delay: 2s }]
`);
  expect(told).toEqual([
    "Scenario x, seed 1: All that there is.",
    "One machine at a time, in zones a, b, with the metadata service of aws.",
    "1  at 20 % of the work: rebalance recommendation, 60 s later notice of 120 s, then the machine is gone, the next after 43 s",
    "2  at 30 % of the work: rebalance recommendation together with notice of 5 s by metadata and SIGTERM, then the machine is gone, the next after 43 s",
    "3  at 40 % of the work: rebalance recommendation without a notice, nothing ends",
    "4  at 50 % of the work: the metadata service answers 503 for 30 s, notice of 120 s that is taken back after 30 s, nothing ends",
    "5  at 60 % of the work: waits until a file is being written, no notice, every machine of its zone is gone, the next after 43 s; of these, 2 live only 5 s, 5 s",
    "6  at 70 % of the work: the metadata service's clock jumps 1 h 00 min back, no notice, the machine stands still for 2 min 30 s, wakes up, and is gone 30 s later, the next after 43 s of standstill",
    "7  at 80 % of the work: notice of the very moment (hibernate), then the machine stands still for 43 s and goes on",
    "8  at 90 % of the work: notice of the very moment (stop) by SIGTERM, then the machine is gone, the next after 43 s",
    "store  at 50 % of the work: it is 2 s slower at 50 % of its calls, for 60 s",
    "It gives up after 20 machines or 12 h 00 min.",
  ]);
});

test("with a speed it says real times, and that they are", () => {
  const told = lines("capacity: 40s\ninterruptions: [{ after: 10m }]", 40);
  expect(told).toContain("Times are real ones, 40 times shorter than the scenario's.");
  expect(told).toContain(
    "1  after 15 s of work: notice of 3 s, then the machine is gone, the next after 1 s",
  );
});

test("what the metadata service does wrong from the start is said", () => {
  const told = lines(`
fleet: { machines: 2, zones: [a] }
metadata:
  tokens: optional
  hop-limit: too-low
  clock: -5m
  faults: [{ kind: slow, delay: 3s, on: items, from: 10s }, { kind: date-skew, ahead: -1m }]
`);
  expect(told).toContain("2 machines, of which one works, in zone a, with the metadata service of aws.");
  expect(told).toContain(
    "The metadata service answers also without a token; has a clock that is 5 min 00 s behind; never answers to requests for a token; answers late by 3 s to items from 10 s on; has a wrong date by -60 s.",
  );
  expect(told).toContain("No machine is interrupted.");
});
