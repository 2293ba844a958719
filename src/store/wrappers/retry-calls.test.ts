import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { SpotproofError, systemClock, systemRandom } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { Store } from "../store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { aroundEachCall } from "./each-call.ts";
import { Patience, retryCalls } from "./retry-calls.ts";
import { withStoreFaults } from "./store-faults.ts";

describeStoreContract({
  name: "a store whose calls are repeated",
  open: () => {
    const patience = new Patience({ clock: systemClock, random: systemRandom, patienceMs: () => 60_000 });
    return Promise.resolve(retryCalls(createMemoryStore(), patience));
  },
});

const away = () => new SpotproofError("store-unreachable", "It is away.");
const bytes = [Buffer.from("x")];

/** A store that fails with `trouble.error` while there is one, and what was told of it. */
function troubled(patienceMs = Number.POSITIVE_INFINITY) {
  const clock = manualClock();
  const trouble: { error: Error | undefined; calls: number } = { error: away(), calls: 0 };
  const below = createMemoryStore();
  const fail = (): void => {
    trouble.calls += 1;
    if (trouble.error !== undefined) throw trouble.error;
  };
  const flaky = aroundEachCall(below, async (_call, make) => {
    fail();
    return make(undefined);
  });
  const told: string[] = [];
  const patience = new Patience({
    clock,
    random: { next: () => 1 },
    patienceMs: () => patienceMs,
    onTrouble: (error, what) => told.push(`${error?.code ?? "well"}: ${what}`),
  });
  return { clock, trouble, below, told, store: retryCalls(flaky, patience) };
}

/** Moves the clock on, a little at a time, letting what sleeps do its work. */
async function pass(clock: ReturnType<typeof manualClock>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

describe("C06 I2: a store that is away", () => {
  test("is tried again with growing waits until it answers; its trouble is told once, and its end", async () => {
    const { clock, trouble, told, store } = troubled();
    const calls = ["a", "b", "c"].map((key) => store.create(key, bytes));
    await pass(clock, 60_000);
    // 200, 400 … 5000 ms: some 15 tries of each in a minute, and not one message for each.
    expect(trouble.calls / 3).toBeGreaterThan(10);
    expect(trouble.calls / 3).toBeLessThan(20);
    expect(told).toEqual(["store-unreachable: create a"]);
    trouble.error = undefined;
    await pass(clock, 10_000);
    expect(await Promise.all(calls)).toEqual(["created", "created", "created"]);
    expect(told).toHaveLength(2);
    expect(told[1]).toMatch(/^well: /);
  });

  test("for less than a second is not worth a word", async () => {
    const { clock, trouble, told, store } = troubled();
    const call = store.create("a", bytes);
    await pass(clock, 300);
    trouble.error = undefined;
    await pass(clock, 1000);
    expect(await call).toBe("created");
    expect(told).toEqual([]);
  });

  test("longer than the patience: the last error is thrown, and the trouble is not over before something works", async () => {
    const { clock, trouble, told, store } = troubled(5000);
    const refused = expect(store.read("a")).rejects.toMatchObject({ code: "store-unreachable" });
    await pass(clock, 10_000);
    await refused;
    expect(told).toEqual(["store-unreachable: read a"]);
    trouble.error = undefined;
    await store.read("b");
    expect(told).toEqual(["store-unreachable: read a", "well: read b"]);
  });

  test("while a caller waits whose signal aborts: it hears the signal's reason at once", async () => {
    const { clock, store } = troubled();
    const enough = new AbortController();
    const call = store.create("a", bytes, { signal: enough.signal });
    const refused = expect(call).rejects.toThrow("the deadline");
    await until(() => clock.sleepers === 1);
    enough.abort(new Error("the deadline"));
    await refused;
    expect(clock.pending).toBe(0);
  });
});

test.each(["store-full", "store-not-writable", "store-unsuitable"] as const)(
  "%s is not tried again: waiting does not help, or holds what a save would free",
  async (code) => {
    const { trouble, told, store } = troubled();
    trouble.error = new SpotproofError(code, "So it is.");
    await expect(store.create("a", bytes)).rejects.toMatchObject({ code });
    expect(trouble.calls).toBe(1);
    expect(told).toEqual([]);
  },
);

test("K19: a create whose first answer was lost finds its own object and is told that it exists", async () => {
  const clock = manualClock();
  const below = createMemoryStore();
  const faults = [{ kind: "500" as const, share: 1, delayMs: 0 }];
  const disturbed = withStoreFaults(below, { clock, random: { next: () => 0 }, current: () => faults });
  const patience = new Patience({ clock, random: systemRandom, patienceMs: () => 60_000 });
  const call = retryCalls(disturbed, patience).create("a", bytes);
  await until(() => clock.sleepers === 1);
  faults.length = 0;
  clock.advance(200);
  expect(await call).toBe("exists");
  expect((await below.read("a"))?.toString()).toBe("x");
});

test("a repeated read does not use the lent buffer: the try before may still write into it", async () => {
  const clock = manualClock();
  const lent: (Buffer | undefined)[] = [];
  const store: Pick<Store, "read"> = {
    read: (_key, options) => {
      lent.push(options?.into);
      return lent.length === 1 ? Promise.reject(away()) : Promise.resolve(Buffer.from("here"));
    },
  };
  const patience = new Patience({ clock, random: systemRandom, patienceMs: () => 60_000 });
  const into = Buffer.alloc(4);
  const call = retryCalls(Object.assign(createMemoryStore(), store), patience).read("a", { into });
  await until(() => clock.sleepers === 1);
  clock.advance(200);
  expect((await call)?.toString()).toBe("here");
  expect(lent).toEqual([into, undefined]);
});
