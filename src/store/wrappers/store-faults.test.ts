import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { type Random, seededRandom, systemClock } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { describeStoreContract } from "../store.contract.ts";
import type { Store } from "../store.ts";
import { limitCalls } from "./limit-calls.ts";
import { type StoreFault, type StoreFaultKind, withStoreFaults } from "./store-faults.ts";

describeStoreContract({
  name: "a store whose faults do not strike",
  open: () =>
    Promise.resolve(
      withStoreFaults(createMemoryStore(), {
        clock: systemClock,
        random: seededRandom(1),
        current: () => [{ kind: "503", share: 0, delayMs: 0 }],
      }),
    ),
});

const bytes = [Buffer.from("x")];

/** A memory store and the same one, disturbed. `takesEffect` says what becomes of writes that may or may not. */
function disturbed(kind: StoreFaultKind, takesEffect = true) {
  const clock = manualClock();
  const below = createMemoryStore();
  const random: Random = { next: () => (takesEffect ? 0 : 0.5) };
  const fault: StoreFault = { kind, share: 1, delayMs: 500 };
  const store = withStoreFaults(below, { clock, random, current: () => [fault] });
  return { clock, below, store };
}

const calls: readonly [string, (store: Store) => Promise<unknown>][] = [
  ["create", (store) => store.create("a/new", bytes)],
  ["replace", (store) => store.replace("a/new", bytes)],
  ["remove", (store) => store.remove("a/old")],
  ["read", (store) => store.read("a/old")],
  ["list", (store) => store.list("a/")],
  ["listFolders", (store) => store.listFolders("")],
];
const contentOf = async (store: Store): Promise<readonly string[]> =>
  (await store.list("")).map(({ key }) => key);

describe("a disturbed store", () => {
  test.each(calls)("503: %s fails with store-unreachable, and nothing took effect", async (_name, call) => {
    const { below, store } = disturbed("503");
    await below.create("a/old", bytes);
    await expect(call(store)).rejects.toMatchObject({ code: "store-unreachable" });
    expect(await contentOf(below)).toEqual(["a/old"]);
  });

  test.each([
    ["create", ["a/new", "a/old"]],
    ["replace", ["a/new", "a/old"]],
    ["remove", []],
  ] as const)("500: %s fails, and has taken effect in half of the cases", async (name, after) => {
    const call = calls.find(([one]) => one === name)?.[1] ?? (() => Promise.resolve());
    for (const takesEffect of [true, false]) {
      const { below, store } = disturbed("500", takesEffect);
      await below.create("a/old", bytes);
      await expect(call(store)).rejects.toMatchObject({ code: "store-unreachable" });
      expect(await contentOf(below)).toEqual(takesEffect ? after : ["a/old"]);
    }
  });

  test.each(calls)(
    "timeout: %s lasts until its limit, or until its caller gives it up",
    async (_name, call) => {
      const { clock, store } = disturbed("timeout");
      const refused = expect(call(limitCalls(store, clock, 60_000))).rejects.toMatchObject({
        code: "store-unreachable",
      });
      await until(() => clock.pending === 1);
      clock.advance(60_000);
      await refused;
      const abort = new AbortController();
      const given = store.read("a", { signal: abort.signal });
      abort.abort(new Error("enough"));
      await expect(given).rejects.toThrow("enough");
    },
  );

  test("timeout: half of the writes take effect all the same", async () => {
    for (const takesEffect of [true, false]) {
      const { below, store } = disturbed("timeout", takesEffect);
      const abort = new AbortController();
      const call = store.create("a/new", bytes, { signal: abort.signal });
      setImmediate(() => abort.abort(new Error("enough")));
      await expect(call).rejects.toThrow("enough");
      expect(await contentOf(below)).toEqual(takesEffect ? ["a/new"] : []);
    }
  });

  test("409: a create fails as if another were under way; nothing else is concerned", async () => {
    const { below, store } = disturbed("409");
    await expect(store.create("a", bytes)).rejects.toMatchObject({
      code: "store-unreachable",
      message: expect.stringMatching(/conflict, try again/) as string,
    });
    await store.replace("b", bytes);
    expect(await contentOf(below)).toEqual(["b"]);
    expect(await store.read("b")).toBeDefined();
  });

  test("412: a create is told that the object exists, which it has created itself", async () => {
    const { below, store } = disturbed("412");
    expect(await store.create("a", bytes)).toBe("exists");
    await store.replace("b", bytes);
    expect(await contentOf(below)).toEqual(["a", "b"]);
  });

  test("full: what needs room fails with store-full; removing and reading do not", async () => {
    const { below, store } = disturbed("full");
    await below.create("old", bytes);
    await expect(store.create("a", bytes)).rejects.toMatchObject({ code: "store-full" });
    await expect(store.replace("a", bytes)).rejects.toMatchObject({ code: "store-full" });
    await store.remove("old");
    expect(await store.list("")).toEqual([]);
  });

  test.each(calls)("slow: %s is made, later", async (_name, call) => {
    const { clock, below, store } = disturbed("slow");
    await below.create("a/old", bytes);
    const ending = call(store);
    await until(() => clock.sleepers === 1);
    clock.advance(499);
    expect(clock.sleepers).toBe(1);
    clock.advance(1);
    await ending;
  });

  test("only its share of the calls is befallen, and the faults of the moment count", async () => {
    const faults: StoreFault[] = [{ kind: "503", share: 0.25, delayMs: 0 }];
    const random = seededRandom(7);
    const store = withStoreFaults(createMemoryStore(), {
      clock: manualClock(),
      random,
      current: () => faults,
    });
    let failed = 0;
    for (let call = 0; call < 1000; call += 1) await store.read("a").catch(() => (failed += 1));
    expect(failed).toBeGreaterThan(200);
    expect(failed).toBeLessThan(300);
    faults.length = 0;
    for (let call = 0; call < 100; call += 1) await store.read("a");
  });
});
