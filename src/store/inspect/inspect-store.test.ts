import { describe, expect, test } from "vitest";
import { checkOf, inspect, keysOf, reportOn } from "../../../test/stages/inspection.ts";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { SpotproofError, seededRandom } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { withStoreFaults } from "../wrappers/store-faults.ts";
import { hanging } from "./bad-stores.fixture.ts";
import { CHECK_IDS, type Check } from "./report.ts";

describe("a store that keeps its promises", () => {
  test("is good, each check is told as it ends, and nothing is left in it", async () => {
    const store = createMemoryStore();
    const told: string[] = [];
    const report = await reportOn(store, { onCheck: ({ id }) => told.push(id) });
    expect(report).toMatchObject({ format: 1, verdict: "good", store: "memory", leftBehind: [] });
    expect(report.checks.map(({ id }) => id)).toEqual(CHECK_IDS);
    expect(told).toEqual(CHECK_IDS);
    expect(report.checks.filter(({ verdict }) => verdict !== "good").map(({ id }) => id)).toEqual([
      "clocks",
      "speed",
    ]);
    expect(checkOf(report, "create-if-absent").facts).toMatchObject({
      racesOfInstances: 40,
      racesOfProcesses: 96,
      severalWon: 0,
      unread: 0,
    });
    expect(await keysOf(store)).toEqual([]);
  });

  test("is good as it is opened by its URL too, beside a job whose objects are left alone", async () => {
    const store = createMemoryStore();
    await store.create("jobs/train/job.json", [Buffer.from("{}")]);
    const report = await reportOn(store, { prepared: true });
    expect(report.verdict).toBe("good");
    expect(await keysOf(store)).toEqual(["jobs/train/job.json", "spotproof-store.json"]);
  });

  test("two inspections at once are both good and leave nothing", async () => {
    const store = createMemoryStore();
    const reports = await Promise.all([reportOn(store), reportOn(store)]);
    expect(reports.map(({ verdict }) => verdict)).toEqual(["good", "good"]);
    expect(await keysOf(store)).toEqual([]);
  });

  test("whose place weakens a promise is not good without saying so", async () => {
    const report = await reportOn(createMemoryStore(), {
      opened: { cautions: ["it lies in memory"], place: "tmpfs" },
    });
    expect(report).toMatchObject({ verdict: "warning", cautions: ["it lies in memory"], place: "tmpfs" });
  });
});

describe("a store that is away or hangs", () => {
  test("that cannot be opened is told once, and nothing else is claimed", async () => {
    const place = {
      description: "bucket far away",
      open: () => Promise.reject(new SpotproofError("store-unreachable", "No route.")),
    };
    const report = await reportOn(createMemoryStore(), { place });
    expect(report).toMatchObject({ verdict: "bad", store: "bucket far away" });
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(["bad", ...Array(5).fill("not-checked")]);
  });

  test("E2: opening that hangs is given up", async () => {
    const clock = manualClock();
    const place = { description: "nfs", open: () => new Promise<never>(() => undefined) };
    const running = reportOn(createMemoryStore(), { place }, clock);
    await until(() => clock.pending > 0);
    clock.advance(30_000);
    expect(checkOf(await running, "reachable").seen.join()).toMatch(/not opened within 30 s/);
  });

  test("E2: calls that hang later end their check, not the inspection", async () => {
    const clock = manualClock();
    const state = { isOver: false };
    const store = createMemoryStore();
    const running = reportOn(hanging(store, "listFolders"), {}, clock).finally(() => {
      state.isOver = true;
    });
    while (!state.isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(500);
    }
    const report = await running;
    expect(checkOf(report, "rights").facts).toMatchObject({
      list: "granted",
      listFolders: "failed",
      remove: "granted",
    });
    expect(checkOf(report, "heartbeat").verdict).toBe("good");
    expect(await keysOf(store)).toEqual([]);
  });
});

test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
  "D1: a store with faults (seed %i): the inspection ends, and what is left is named",
  async (seed) => {
    const clock = manualClock();
    const kinds = ["500", "503", "409", "412"] as const;
    const faults = kinds.map((kind) => ({ kind, share: 0.02 * (seed % 4), delayMs: 0 }));
    const store = createMemoryStore();
    const broken = withStoreFaults(store, { clock, random: seededRandom(seed), current: () => faults });
    const report = await reportOn(broken, {}, clock);
    expect(report.checks.map(({ id }) => id)).toEqual(CHECK_IDS);
    expect(report.leftBehind).toEqual(expect.arrayContaining([...(await keysOf(store))]));
    // Disturbed answers are no broken promise.
    expect(checkOf(report, "create-if-absent").facts["severalWon"] ?? 0).toBe(0);
  },
);

describe("being stopped", () => {
  test("in any check, everything is removed, and nothing is claimed", async () => {
    for (const id of CHECK_IDS.slice(0, -1)) {
      const store = createMemoryStore();
      const stop = new AbortController();
      const onCheck = (check: Check): void => {
        if (check.id === id) stop.abort(new Error("enough"));
      };
      const end = await inspect(store, manualClock(), { signal: stop.signal, onCheck });
      expect(end).toEqual({ kind: "stopped", leftBehind: [] });
      expect(await keysOf(store)).toEqual([]);
    }
  });

  test("twice: what may be left is named", async () => {
    const store = createMemoryStore();
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const onCheck = ({ id }: Check): void => {
      if (id !== "create-if-absent") return;
      stop.abort(new Error("enough"));
      hurry.abort(new Error("now"));
    };
    const end = await inspect(store, manualClock(), { signal: stop.signal, hurry: hurry.signal, onCheck });
    expect(end).toMatchObject({ kind: "stopped" });
    const left = await keysOf(store);
    expect(left.length).toBeGreaterThan(0);
    expect(end.kind === "stopped" && end.leftBehind).toEqual(expect.arrayContaining([...left]));
  });
});

describe("what an inspection left that was killed", () => {
  const dead = "spotproof-doctor/00112233445566ff.pack-3";

  test("is removed when nothing of it has changed for a while", async () => {
    const clock = manualClock();
    const store = createMemoryStore();
    await store.create(dead, [Buffer.from("x")]);
    await store.create("spotproof-doctor/readme", [Buffer.from("the user's own")]);
    const waits: number[] = [];
    const running = reportOn(store, { onWait: (waitMs) => waits.push(waitMs) }, clock);
    // Beside the pulse, somebody waits: for the silence to be long enough.
    await until(() => clock.sleepers === 2);
    clock.advance(15_000);
    expect((await running).earlier).toEqual({ removed: 1, left: [], alive: 0 });
    expect(waits).toEqual([15_000]);
    expect(await keysOf(store)).toEqual(["spotproof-doctor/readme"]);
  });

  test("is left alone while its pulse beats", async () => {
    const clock = manualClock();
    const store = createMemoryStore();
    const pulse = dead.replace("pack-3", "pulse");
    await store.create(dead, [Buffer.from("x")]);
    await store.replace(pulse, [Buffer.from("1")]);
    const running = reportOn(store, {}, clock);
    await until(() => clock.sleepers === 2);
    await store.replace(pulse, [Buffer.from("2")]);
    clock.advance(15_000);
    expect((await running).earlier).toEqual({ removed: 0, left: [], alive: 1 });
    expect(await keysOf(store)).toEqual([dead, pulse]);
  });
});
