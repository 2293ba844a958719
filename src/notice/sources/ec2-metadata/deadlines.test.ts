import { describe, expect, test } from "vitest";
import {
  DATE_FRACTION_MS,
  type MetadataStage,
  metadataStage,
} from "../../../../test/stages/metadata-stage.ts";

describe("how long there is", () => {
  test("D06: a body that slides at each look is one event with its earliest deadline", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.interrupt();
    await stage.round();
    const first = stage.onlyNotice();
    for (let round = 0; round < 5; round += 1) {
      stage.mock.interrupt();
      await stage.round();
    }
    expect(stage.onlyNotice()).toBe(first);
  });

  test("D06: an earlier moment for the same event is told again under the same id", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt() });
    await stage.rest();
    stage.mock.interrupt({ leadMs: 30_000 });
    await stage.round();
    const [first, second] = stage.notices();
    expect(second?.id).toBe(first?.id);
    expect(second?.deadline?.atMs).toBe(stage.clock.now() - 2000 + 30_000 - DATE_FRACTION_MS);
  });

  test("D07: less than was promised is believed", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt({ leadMs: 17_000 }) });
    await stage.rest();
    expect(stage.leadMs()).toBe(17_000 - DATE_FRACTION_MS);
    expect(stage.onlyNotice().deadlineAssumed).toBe(false);
  });

  test("D07: an instance that hibernates has no two minutes: its deadline is now", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.interrupt({ action: "hibernate", leadMs: 120_000 }),
    });
    await stage.rest();
    expect(stage.onlyNotice().action).toBe("hibernate");
    expect(stage.leadMs()).toBe(0);
  });

  test("D09: a notice that leaves five seconds is heard with three or more of them left", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.clock.advance(1);
    stage.mock.interrupt({ leadMs: 5000 });
    await stage.round(1999);
    expect(stage.leadMs()).toBeGreaterThanOrEqual(2000);
    expect(stage.leadMs()).toBeLessThanOrEqual(5000);
  });

  test.each([-3_600_000, 3_600_000])(
    "D17: a wall clock that is wrong by %i ms changes nothing",
    async (wrongMs) => {
      await using stage = await metadataStage({ clockAheadMs: -wrongMs });
      await stage.rest();
      stage.mock.interrupt({ leadMs: 90_000 });
      await stage.round();
      expect(stage.leadMs()).toBe(88_000 - DATE_FRACTION_MS);
      stage.clock.jumpWall(-wrongMs);
      await stage.round();
      expect(stage.leadMs()).toBe(86_000 - DATE_FRACTION_MS);
    },
  );

  test("D17: without a Date header the wall clock has to do, but never for more than two minutes", async () => {
    const prepare = (leadMs: number) => (mock: MetadataStage["mock"]) => {
      mock.fault({ kind: "no-date" });
      mock.interrupt({ leadMs });
    };
    await using near = await metadataStage({ prepare: prepare(45_000) });
    await near.rest();
    expect(near.leadMs()).toBe(45_000);
    await using far = await metadataStage({ prepare: prepare(3_600_000) });
    await far.rest();
    expect(far.leadMs()).toBe(120_000);
    expect(far.onlyNotice().deadlineAssumed).toBe(true);
  });

  test("D17: a Date header that is hours behind is not believed", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => {
        mock.fault({ kind: "date-skew", ms: -7_200_000 });
        mock.interrupt();
      },
    });
    await stage.rest();
    expect(stage.leadMs()).toBe(120_000);
  });

  test("D17: the fractions that Date and time leave out never make the deadline too late", async () => {
    for (let phaseMs = 0; phaseMs < 1000; phaseMs += 90) {
      await using stage = await metadataStage();
      await stage.rest();
      stage.clock.advance(phaseMs);
      const endMs = stage.clock.now() + 60_000;
      stage.mock.interrupt({ leadMs: 60_000 });
      await stage.round();
      const deadlineMs = stage.onlyNotice().deadline?.atMs ?? Number.NaN;
      expect(deadlineMs).toBeLessThanOrEqual(endMs);
      expect(deadlineMs).toBeGreaterThan(endMs - 2000);
    }
  });

  test("D17: a Date header that leaps ahead does not shorten the time of a notice that is known", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt() });
    await stage.rest();
    stage.mock.fault({ kind: "date-skew", ms: 7_200_000 });
    await stage.round();
    expect(stage.leadMs()).toBe(118_000 - DATE_FRACTION_MS);
  });

  test.each([
    ["no time", '{"action":"terminate"}'],
    ["a time that cannot be read", '{"action":"terminate","time":"soon"}'],
  ])("D18: %s: two minutes from first sight are assumed, and said to be", async (_name, body) => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/instance-action", body),
    });
    await stage.rest();
    expect(stage.leadMs()).toBe(120_000);
    expect(stage.onlyNotice()).toMatchObject({ deadlineAssumed: true, raw: body });
    await stage.round();
    expect(stage.notices()).toHaveLength(1);
  });

  test("a moment that is long over when first seen is no notice, and said once", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/termination-time", "2015-01-05T18:02:00Z"),
    });
    await stage.round();
    await stage.round();
    expect(stage.kinds()).toEqual(["listening", "listening"]);
    expect(stage.reports[1]).toMatchObject({ detail: expect.stringContaining("2015-01-05T18:02:00Z") });
  });

  test("a moment that passes while we are still here stays the same notice", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt({ leadMs: 10_000 }) });
    await stage.rest();
    await stage.round(300_000);
    await stage.round();
    expect(stage.kinds()).toEqual(["listening", "noticed"]);
  });
});
