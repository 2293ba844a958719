import { expect, test } from "vitest";
import { createMemoryStore } from "../memory/memory-store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { aroundEachCall } from "./each-call.ts";
import { limitConcurrency } from "./limit-concurrency.ts";

describeStoreContract({
  name: "a store with two calls at once",
  open: () => Promise.resolve(limitConcurrency(createMemoryStore(), 2)),
});

const pack = [Buffer.alloc(100_000)];

/** A store whose creates end when they are let go, and the keys of those under way. */
function slowStore() {
  const underWay = new Map<string, () => void>();
  const below = createMemoryStore();
  const slow = aroundEachCall(below, async (call, make) => {
    if (call.writtenBytes > 1000) await new Promise<void>((resolve) => underWay.set(call.key, resolve));
    return make(undefined);
  });
  const finish = async (key: string): Promise<void> => {
    underWay.get(key)?.();
    underWay.delete(key);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { underWay, finish, store: limitConcurrency(slow, 2) };
}

test("so many packs go at once; the others follow in their order", async () => {
  const { underWay, finish, store } = slowStore();
  const calls = ["a", "b", "c", "d"].map((key) => store.create(key, pack));
  await finish("nothing yet");
  expect([...underWay.keys()]).toEqual(["a", "b"]);
  await finish("b");
  expect([...underWay.keys()]).toEqual(["a", "c"]);
  await finish("a");
  await finish("c");
  await finish("d");
  expect(await Promise.all(calls)).toEqual(Array(4).fill("created"));
});

test("K01: a heartbeat never waits behind packs", async () => {
  const { finish, store } = slowStore();
  const calls = ["a", "b", "c"].map((key) => store.create(key, pack));
  await store.replace("heartbeat.json", [Buffer.from("beat")]);
  expect((await store.read("heartbeat.json"))?.toString()).toBe("beat");
  for (const key of ["a", "b", "c"]) await finish(key);
  await Promise.all(calls);
});

test("who gives up while waiting leaves the line at once, and nobody waits for it", async () => {
  const { underWay, finish, store } = slowStore();
  const enough = new AbortController();
  const first = ["a", "b"].map((key) => store.create(key, pack));
  const gone = store.create("c", pack, { signal: enough.signal });
  const last = store.create("d", pack);
  enough.abort(new Error("enough"));
  await expect(gone).rejects.toThrow("enough");
  await finish("a");
  expect([...underWay.keys()]).toEqual(["b", "d"]);
  await finish("b");
  await finish("d");
  expect(await Promise.all([...first, last])).toEqual(Array(3).fill("created"));
});

test("a call that fails gives its place back", async () => {
  const failing = aroundEachCall(createMemoryStore(), () => Promise.reject(new Error("no")));
  const store = limitConcurrency(failing, 1);
  for (let time = 0; time < 3; time += 1) await expect(store.create("a", pack)).rejects.toThrow("no");
});
