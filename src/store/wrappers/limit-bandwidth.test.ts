import { expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { systemClock } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { aroundEachCall } from "./each-call.ts";
import { limitBandwidth } from "./limit-bandwidth.ts";

describeStoreContract({
  name: "a store with limited bandwidth",
  open: () => {
    const perSecond = 1e12;
    const limits = { uploadBytesPerSecond: perSecond, downloadBytesPerSecond: perSecond };
    return Promise.resolve(limitBandwidth(createMemoryStore(), { clock: systemClock, ...limits }));
  },
});

const SECOND_OF_BYTES = 100_000;
const pack = [Buffer.alloc(SECOND_OF_BYTES)];

/** A store of 100 KB/s each way, with the keys that have reached it. */
function limited() {
  const clock = manualClock();
  const lifted = new AbortController();
  const reached: string[] = [];
  const below = createMemoryStore();
  const seen = aroundEachCall(below, (call, make) => {
    reached.push(call.key);
    return make(undefined);
  });
  const store = limitBandwidth(seen, {
    clock,
    uploadBytesPerSecond: SECOND_OF_BYTES,
    downloadBytesPerSecond: SECOND_OF_BYTES,
    lifted: lifted.signal,
  });
  return { clock, lifted, reached, below, store };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("packs go one after the other in their order, each after the time of those before it", async () => {
  const { clock, reached, store } = limited();
  const calls = ["a", "b", "c"].map((key) => store.create(key, pack));
  await settle();
  expect(reached).toEqual(["a"]);
  clock.advance(999);
  expect(reached).toEqual(["a"]);
  clock.advance(1);
  await settle();
  expect(reached).toEqual(["a", "b"]);
  clock.advance(1000);
  expect(await Promise.all(calls)).toEqual(["created", "created", "created"]);
  expect(clock.pending).toBe(0);
});

test("what was not used is not saved up: after a rest the peak is one call", async () => {
  const { clock, reached, store } = limited();
  await store.create("a", pack);
  clock.advance(60_000);
  const calls = ["b", "c"].map((key) => store.create(key, pack));
  await settle();
  expect(reached).toEqual(["a", "b"]);
  clock.advance(1000);
  await Promise.all(calls);
});

test("K01: a heartbeat never waits behind packs, but counts", async () => {
  const { clock, reached, store } = limited();
  const calls = ["a", "b"].map((key) => store.create(key, pack));
  await settle();
  await store.create("beat", [Buffer.alloc(SECOND_OF_BYTES / 2)]);
  expect(reached).toEqual(["a", "beat"]);
  clock.advance(1499);
  await settle();
  expect(reached).toEqual(["a", "beat"]);
  clock.advance(1);
  await Promise.all(calls);
});

test("reads have their own limit; one of unknown size counts when it is there", async () => {
  const { clock, reached, below, store } = limited();
  await below.create("jobs/j/packs/1", pack);
  await store.create("a", pack);
  await store.read("jobs/j/packs/1");
  expect(reached).toEqual(["a", "jobs/j/packs/1"]);
  const part = store.read("jobs/j/packs/1", { range: { offset: 0, length: SECOND_OF_BYTES } });
  await settle();
  expect(reached).toHaveLength(2);
  clock.advance(1000);
  expect((await part)?.length).toBe(SECOND_OF_BYTES);
});

test("I3: who gives up leaves the line, and its bytes keep nobody back", async () => {
  const { clock, reached, store } = limited();
  const first = store.create("a", pack);
  const enough = new AbortController();
  const gone = ["b", "c"].map((key) => store.create(key, pack, { signal: enough.signal }));
  enough.abort(new Error("enough"));
  for (const call of gone) await expect(call).rejects.toThrow("enough");
  const last = store.create("d", pack);
  clock.advance(1000);
  await Promise.all([first, last]);
  expect(reached).toEqual(["a", "d"]);
  expect(clock.pending).toBe(0);
});

test("a call that fails keeps back the next one only for the time that it had", async () => {
  const clock = manualClock();
  let tries = 0;
  const failing = aroundEachCall(createMemoryStore(), () => {
    tries += 1;
    return Promise.reject(new Error("no"));
  });
  const store = limitBandwidth(failing, { clock, uploadBytesPerSecond: SECOND_OF_BYTES });
  await expect(store.create("a", pack)).rejects.toThrow("no");
  await expect(store.create("a", pack)).rejects.toThrow("no");
  expect(tries).toBe(2);
});

test("I3: once the limit is lifted nothing waits any more", async () => {
  const { lifted, reached, store } = limited();
  const calls = ["a", "b", "c"].map((key) => store.create(key, pack));
  lifted.abort();
  await Promise.all(calls);
  await store.create("d", pack);
  expect(reached).toEqual(["a", "b", "c", "d"]);
});
