import { expect, test } from "vitest";
import { drawPlan, loadScenario } from "../scenario/index.ts";
import { automaticSpeed } from "./speed.ts";

test("by itself time runs so fast that a notice takes a fifth of the job's own time, and never less than three seconds", async () => {
  const plan = drawPlan(await loadScenario("typical", () => Promise.reject(new Error("no file"))), {});
  expect(automaticSpeed(plan, 5000)).toBe(40);
  expect(automaticSpeed(plan, 30_000)).toBe(20);
  expect(automaticSpeed(plan, 600_000)).toBe(1);
  expect(automaticSpeed(plan, 3_600_000)).toBe(1);
  expect(automaticSpeed(plan, undefined)).toBe(20);
});
