import { expect, test } from "vitest";
import { automaticIntervalMs, SaveForecast } from "./save-forecast.ts";
import { failuresAfter, mayRestart } from "./restart-policy.ts";

const policy = { retries: 2, backoff: { firstMs: 1000, longestMs: 60_000 }, forgiveAfterMs: 3_600_000 };

test("J5: two retries mean three lives", () => {
  expect([1, 2, 3].map((used) => mayRestart(policy, used))).toEqual([true, true, false]);
});

test("a long life with a new checkpoint forgives the failures before it; a long life without one does not", () => {
  expect(failuresAfter(policy, 2, { ranMs: 3_600_000, checkpointsMade: 1 })).toBe(1);
  expect(failuresAfter(policy, 2, { ranMs: 3_600_000, checkpointsMade: 0 })).toBe(3);
  expect(failuresAfter(policy, 2, { ranMs: 1000, checkpointsMade: 5 })).toBe(3);
});

test("C07: the forecast is half as much again as the longest of the last five saves", () => {
  const forecast = new SaveForecast();
  expect(forecast.nextSaveMs).toBeUndefined();
  for (const durationMs of [9000, 100, 100, 200, 100, 100]) forecast.learn({ durationMs, pausedMs: 0 });
  expect(forecast.nextSaveMs).toBe(300);
});

test("saves that are slow come seldom: at most a twentieth of the time is spent on them", () => {
  expect(automaticIntervalMs(undefined)).toBe(60_000);
  expect(automaticIntervalMs(30_000)).toBe(600_000);
});
