import { describe, expect, test } from "vitest";
import { type ManualClock, manualClock, until } from "../../../test/stages/manual-clock.ts";
import { SpotproofError, seededRandom } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { prepareStore } from "../prepare-store.ts";
import type { Store } from "../store.ts";
import { withStoreFaults } from "../wrappers/store-faults.ts";
import {
  changed,
  hanging,
  looksThenWrites,
  remembersAbsence,
  withLateListings,
  withSpeed,
  withoutConditions,
  withoutRights,
} from "./bad-stores.fixture.ts";
import { type InspectionEnd, type InspectionOptions, inspectStore } from "./inspect-store.ts";
import type { OpenedPlace } from "./place.ts";
import { localRacer } from "./racer.ts";
import { CHECK_IDS, type Check, type CheckId, type StoreReport } from "./report.ts";

const MIB = 1024 * 1024;

type Setting = Partial<InspectionOptions> & {
  readonly opened?: Partial<OpenedPlace>;
  readonly prepared?: boolean;
};

/** Inspects a store with a clock that only moves when a store moves it. */
function inspect(store: Store, clock: ManualClock, setting: Setting = {}): Promise<InspectionEnd> {
  const { opened, prepared = false, ...options } = setting;
  return inspectStore({
    place: {
      description: "memory",
      open: async (mode, signal) => ({
        store: prepared ? await prepareStore(store, { mode, signal }) : store,
        cautions: [],
        ...opened,
      }),
      startRacers: (count) =>
        Promise.resolve(Array.from({ length: count }, (_, n) => localRacer(`process ${n}`, store))),
    },
    clock,
    random: seededRandom(1),
    signal: new AbortController().signal,
    window: { windowMs: 120_000, usableMs: 85_000, stateBytes: undefined },
    heartbeat: { heartbeatMs: 10_000, leaseMs: 30_000 },
    measureMs: 0,
    onCheck: () => undefined,
    ...options,
  });
}

async function reportOn(store: Store, setting: Setting = {}, clock = manualClock()): Promise<StoreReport> {
  const end = await inspect(store, clock, setting);
  if (end.kind !== "inspected") throw new Error("it was stopped");
  return end.report;
}

function checkOf(report: StoreReport, id: CheckId): Check {
  const check = report.checks.find((one) => one.id === id);
  if (check === undefined) throw new Error(`no check ${id}`);
  return check;
}

const keysOf = async (store: Store): Promise<readonly string[]> =>
  (await store.list("")).map(({ key }) => key);

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

describe("K16: a store where create-if-absent cannot be relied on is bad", () => {
  test.each<[string, (store: Store) => Store, RegExp]>([
    ["it ignores conditions", withoutConditions, /more than one writer was told/],
    ["it looks first and writes then", looksThenWrites, /more than one writer was told/],
    ["its listings come late", withLateListings, /was not in the next listing/],
    ["it remembers what was absent", remembersAbsence, /could not be read at once/],
    [
      "everybody is told that the object exists, and there is none",
      (store) => {
        const isRace = (key: string): boolean => /\.(race|seen)-/.test(key);
        return changed(store, {
          create: (key, ...rest) => (isRace(key) ? Promise.resolve("exists") : store.create(key, ...rest)),
        });
      },
      /which none had created/,
    ],
  ])("%s", async (_name, broken, words) => {
    const store = createMemoryStore();
    const report = await reportOn(broken(store));
    const check = checkOf(report, "create-if-absent");
    expect(check).toMatchObject({ verdict: "bad", advice: expect.stringMatching(/another store/) as string });
    expect(check.seen.join(" ")).toMatch(words);
    expect(report.verdict).toBe("bad");
    expect(await keysOf(store)).toEqual([]);
  });

  test("a store that is refused when it is opened is looked at all the same, and the races show why", async () => {
    const store = createMemoryStore();
    const report = await reportOn(withoutConditions(store), { prepared: true });
    expect(checkOf(report, "reachable")).toMatchObject({
      verdict: "bad",
      facts: { error: "store-unsuitable" },
      seen: [expect.stringMatching(/no job could be run.*ignores the condition/)],
    });
    expect(checkOf(report, "create-if-absent").facts["severalWon"]).toBeGreaterThan(0);
    expect(await keysOf(store)).toEqual([]);
  });

  test("only the processes disagree: that is enough", async () => {
    const [one, other] = [createMemoryStore(), createMemoryStore()];
    const place = {
      description: "memory",
      open: () => Promise.resolve({ store: one, cautions: [] }),
      startRacers: () => Promise.resolve([localRacer("a", one), localRacer("b", other)]),
    };
    const report = await reportOn(one, { place });
    expect(checkOf(report, "create-if-absent")).toMatchObject({ verdict: "bad", facts: { severalWon: 96 } });
  });

  test("lost answers are no second winner: what is unclear is told as that", async () => {
    const clock = manualClock();
    const faults = {
      clock,
      random: seededRandom(3),
      current: () => [{ kind: "412", share: 0.1, delayMs: 0 }] as const,
    };
    const store = createMemoryStore();
    const report = await reportOn(
      changed(store, {
        create: (key, ...rest) =>
          (/\.race-/.test(key) ? withStoreFaults(store, faults) : store).create(key, ...rest),
      }),
      {},
      clock,
    );
    const check = checkOf(report, "create-if-absent");
    expect(check.verdict).toBe("good");
    expect(check.facts["unclear"]).toBeGreaterThan(0);
  });

  test("D3: races that could not be made are no good ones", async () => {
    const store = createMemoryStore();
    const place = {
      description: "memory",
      open: () => Promise.resolve({ store, cautions: [] }),
      startRacers: () => Promise.reject(new Error("no such program")),
    };
    const report = await reportOn(store, { place });
    expect(checkOf(report, "create-if-absent")).toMatchObject({ verdict: "warning" });
    expect(checkOf(report, "create-if-absent").seen.join(" ")).toMatch(/could not race: no such program/);
  });
});

describe("a missing right is named, and the others are tried", () => {
  const rights = ["create", "read", "list", "listFolders", "replace", "remove"] as const;
  test.each(rights)("%s", async (right) => {
    const store = createMemoryStore();
    const report = await reportOn(withoutRights(store, right));
    const check = checkOf(report, "rights");
    expect(check.verdict).toBe("bad");
    expect(check.seen.join(" ")).toMatch(/NOT allowed/);
    expect(check.advice).toMatch(/Give whoever runs the job the right to/);
    const missing = right === "read" ? ["read", "rangeRead"] : [right];
    expect(Object.keys(check.facts).filter((name) => check.facts[name] === "missing")).toEqual(missing);
    const others = Object.keys(check.facts).filter((name) => !missing.includes(name));
    expect(others.map((name) => check.facts[name])).toEqual(others.map(() => "granted"));
    expect(report.verdict).toBe("bad");
  });

  test("none at all: every one is named, and no speed is invented", async () => {
    const report = await reportOn(withoutRights(createMemoryStore(), ...rights), { measureMs: 1000 });
    expect(Object.values(checkOf(report, "rights").facts)).toEqual(Array(7).fill("missing"));
    expect(report.checks.slice(2).map(({ verdict }) => verdict)).toEqual(Array(4).fill("not-checked"));
  });

  test("what cannot be removed is named, and that is little", async () => {
    const store = createMemoryStore();
    const report = await reportOn(withoutRights(store, "remove"), { measureMs: 10_000 });
    const there = await keysOf(store);
    expect(there.length).toBeGreaterThan(0);
    expect([...report.leftBehind].sort()).toEqual(there);
    expect(checkOf(report, "speed").verdict).toBe("not-checked");
    const bytes = (await store.list("")).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(bytes).toBeLessThan(100_000);
  });

  test("a store that answers with something else than was written is bad", async () => {
    const store = createMemoryStore();
    const wrong = changed(store, {
      read: async (key, options) => await store.read(key, { ...options, range: undefined }),
    });
    const report = await reportOn(wrong);
    expect(checkOf(report, "rights")).toMatchObject({
      verdict: "bad",
      facts: { read: "granted", rangeRead: "wrong" },
    });
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
    const running = reportOn(store, {}, clock);
    // Beside the pulse, somebody waits: for the silence to be long enough.
    await until(() => clock.sleepers === 2);
    clock.advance(15_000);
    expect((await running).earlier).toEqual({ removed: 1, left: [], alive: 0 });
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

describe("clocks", () => {
  test("a small difference is told and matters to nobody; a large one is a warning because of signatures", async () => {
    const clock = manualClock();
    const by = (ms: number) => ({ writtenAt: () => Promise.resolve(clock.wallTime() + ms) });
    const near = checkOf(await reportOn(createMemoryStore(), { opened: by(2000) }, clock), "clocks");
    expect(near).toMatchObject({ verdict: "good", facts: { differenceMs: 2000 } });
    expect(near.seen.join(" ")).toMatch(/No promise of Spotproof depends on a clock.*15 min/);
    const far = checkOf(await reportOn(createMemoryStore(), { opened: by(-3_600_000) }, clock), "clocks");
    expect(far).toMatchObject({ verdict: "warning", facts: { differenceMs: -3_600_000 } });
  });
});
