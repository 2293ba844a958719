import { describe, expect, test } from "vitest";
import { checkOf, keysOf, reportOn } from "../../../test/stages/inspection.ts";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { seededRandom } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { Store } from "../store.ts";
import { withStoreFaults } from "../wrappers/store-faults.ts";
import {
  changed,
  looksThenWrites,
  remembersAbsence,
  withLateListings,
  withSpeed,
  withoutConditions,
} from "./bad-stores.fixture.ts";
import { localRacer } from "./racer.ts";

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

  test("E2 D3: a slow store ends the races after their time; few of them are a warning", async () => {
    const clock = manualClock();
    const beganMs = clock.now();
    const store = withSpeed(createMemoryStore(), clock, { callMs: 250, bytesPerSecond: 1e9 });
    const report = await reportOn(store, {}, clock);
    const check = checkOf(report, "create-if-absent");
    expect(check).toMatchObject({ verdict: "warning", facts: { severalWon: 0, unread: 0 } });
    expect(Number(check.facts["racesOfInstances"])).toBeLessThan(16);
    expect(clock.now() - beganMs).toBeLessThan(60_000);
  });
});
