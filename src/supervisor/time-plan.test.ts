import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planStop } from "./time-plan.ts";

const budget = { nowMs: 0, heardAtMs: 0, deadlineMs: 120_000, finalSaveMs: 3000, stopGraceMs: 30_000 };

describe("the time until the deadline is divided", () => {
  test("D21: with two minutes and quick saves the command keeps working for over 80 s", () => {
    expect(planStop(budget).stopAtMs).toBeGreaterThan(80_000);
  });

  test("C07: a slow last save takes its time from the command's work, not from its own safety", () => {
    const plan = planStop({ ...budget, finalSaveMs: 80_000 });
    expect(plan.killAtMs).toBe(55_000);
    expect(plan.stopAtMs).toBe(25_000);
    expect(plan.giveUpSavingAtMs).toBeLessThan(120_000);
  });

  test("while nothing was learned a quarter of the lead is kept for the save", () => {
    expect(planStop({ ...budget, finalSaveMs: undefined }).killAtMs).toBe(85_000);
  });

  test("D07: a lead of two seconds still leaves time to work, to stop and to save", () => {
    const plan = planStop({ ...budget, deadlineMs: 2000, finalSaveMs: 400 });
    expect(plan.stopAtMs).toBeGreaterThan(500);
    expect(plan.killAtMs).toBeLessThanOrEqual(1400);
  });

  test("with no time at all the command is asked at once, and has half a second", () => {
    const plan = planStop({ ...budget, deadlineMs: 0 });
    expect(plan).toEqual({ stopAtMs: 0, killAtMs: 500, giveUpSavingAtMs: 500 });
  });

  test("I3: stop, kill, giving up and the deadline always come in this order, none in the past", () => {
    const ms = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(
        ms,
        ms,
        ms,
        fc.option(ms, { nil: undefined }),
        ms,
        (heardAtMs, waited, lead, finalSaveMs, stopGraceMs) => {
          const nowMs = heardAtMs + waited;
          const plan = planStop({ nowMs, heardAtMs, deadlineMs: heardAtMs + lead, finalSaveMs, stopGraceMs });
          expect(plan.stopAtMs).toBeGreaterThanOrEqual(nowMs);
          expect(plan.killAtMs).toBeGreaterThanOrEqual(plan.stopAtMs);
          expect(plan.giveUpSavingAtMs).toBeGreaterThanOrEqual(plan.killAtMs);
          expect(plan.giveUpSavingAtMs).toBeLessThanOrEqual(Math.max(nowMs, heardAtMs + Math.max(lead, 500)));
        },
      ),
    );
  });
});
