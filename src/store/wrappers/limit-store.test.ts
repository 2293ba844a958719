import { expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { systemClock, systemRandom } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { limitStore } from "./limit-store.ts";
import { Patience, retryCalls } from "./retry-calls.ts";
import { type StoreFault, withStoreFaults } from "./store-faults.ts";
import type { TracedCall } from "./trace-calls.ts";

const fast = { uploadBytesPerSecond: 1e12, downloadBytesPerSecond: 1e12, connections: 4 };

describeStoreContract({
  name: "a store with all wrappers around it",
  open: () => {
    const patience = new Patience({ clock: systemClock, random: systemRandom, patienceMs: () => 60_000 });
    const limits = { callLimitMs: 60_000, onCall: () => undefined, ...fast };
    return Promise.resolve(retryCalls(limitStore(createMemoryStore(), systemClock, limits), patience));
  },
});

const MIB = 1024 * 1024;
const pack = [Buffer.alloc(4 * MIB)];

test("E2: waiting for bandwidth is no slowness of the store's: no try is given up for it", async () => {
  const clock = manualClock();
  const calls: TracedCall[] = [];
  const store = limitStore(createMemoryStore(), clock, {
    callLimitMs: 1000,
    uploadBytesPerSecond: MIB,
    onCall: (call) => calls.push(call),
  });
  const all = Array.from({ length: 5 }, (_, i) => store.create(`jobs/j/packs/${i}`, pack));
  for (let second = 0; second < 20; second += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
  expect(await Promise.all(all)).toEqual(Array(5).fill("created"));
  const startedAt = calls.map(({ startedAtMs }) => startedAtMs - (calls[0]?.startedAtMs ?? 0));
  expect(startedAt).toEqual([0, 4000, 8000, 12_000, 16_000]);
  expect(calls.map(({ durationMs }) => durationMs)).toEqual([0, 0, 0, 0, 0]);
});

test("C06: a call that waits before its next try gives its place to others, and each try is traced", async () => {
  const clock = manualClock();
  const calls: TracedCall[] = [];
  const faults: StoreFault[] = [{ kind: "503", share: 1, delayMs: 0 }];
  const disturbed = withStoreFaults(createMemoryStore(), {
    clock,
    random: systemRandom,
    current: () => faults,
  });
  const limits = { callLimitMs: 1000, connections: 1, onCall: (call: TracedCall) => calls.push(call) };
  const patience = new Patience({ clock, random: systemRandom, patienceMs: () => 60_000 });
  const store = retryCalls(limitStore(disturbed, clock, limits), patience);
  const waiting = store.create("jobs/j/packs/1", pack);
  await until(() => clock.sleepers === 1);
  faults.length = 0;
  expect(await store.create("jobs/j/packs/2", pack)).toBe("created");
  clock.advance(200);
  expect(await waiting).toBe("created");
  expect(calls.map(({ key, outcome }) => `${key.slice(-1)} ${outcome}`)).toEqual([
    "1 failed",
    "2 created",
    "1 created",
  ]);
});
