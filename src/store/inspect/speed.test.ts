import { describe, expect, test } from "vitest";
import { checkOf, reportOn } from "../../../test/stages/inspection.ts";
import { type ManualClock, manualClock } from "../../../test/stages/manual-clock.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { Store } from "../store.ts";
import { changed, withSpeed } from "./bad-stores.fixture.ts";

const MIB = 1024 * 1024;

describe("speed against the window", () => {
  const slow = (clock: ManualClock, mibPerSecond: number, callMs = 5): Store =>
    withSpeed(createMemoryStore(), clock, { callMs, bytesPerSecond: mibPerSecond * MIB });

  test("a store that is quick enough fits, and measuring ends after its time", async () => {
    const clock = manualClock();
    const beganMs = clock.now();
    const window = { windowMs: 120_000, usableMs: 85_000, stateBytes: 4096 * MIB };
    const report = await reportOn(slow(clock, 100), { measureMs: 5000, window }, clock);
    const check = checkOf(report, "speed");
    expect(check).toMatchObject({ verdict: "good", facts: { firstSaveFits: true, changedSaveFits: true } });
    expect(check.facts["writeBytesPerSecond"]).toBeGreaterThan(90 * MIB);
    expect(check.facts["writeBytesPerSecond"]).toBeLessThan(101 * MIB);
    expect(check.facts["firstSaveMs"]).toBeGreaterThan(40_000);
    expect(check.facts["firstSaveMs"]).toBeLessThan(46_000);
    expect(clock.now() - beganMs).toBeLessThan(30_000);
  });

  test("a first save that does not fit is a warning with what to do; when 1 % does not fit it is bad", async () => {
    const large = { windowMs: 120_000, usableMs: 85_000, stateBytes: 100 * 1024 * MIB };
    const clock = manualClock();
    const warned = checkOf(
      await reportOn(slow(clock, 100), { measureMs: 2000, window: large }, clock),
      "speed",
    );
    expect(warned).toMatchObject({
      verdict: "warning",
      facts: { firstSaveFits: false, changedSaveFits: true },
    });
    expect(warned.advice).toMatch(/--every/);
    const slower = manualClock();
    const bad = checkOf(await reportOn(slow(slower, 4), { measureMs: 2000, window: large }, slower), "speed");
    expect(bad).toMatchObject({ verdict: "bad", facts: { changedSaveFits: false } });
  });

  test("heartbeats that take longer than they may are bad", async () => {
    const clock = manualClock();
    const store = changed(createMemoryStore(), {});
    const late = changed(store, {
      replace: async (key, ...rest) => {
        if (key.endsWith(".beat")) clock.advance(9999);
        await store.replace(key, ...rest);
      },
    });
    const heartbeat = { heartbeatMs: 5000, leaseMs: 30_000 };
    const report = await reportOn(late, { heartbeat }, clock);
    expect(checkOf(report, "heartbeat")).toMatchObject({ verdict: "bad", facts: { longestMs: 9999 } });
  });
});
