import { expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { SpotproofError, systemClock } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { aroundEachCall } from "./each-call.ts";
import { type TracedCall, traceCalls } from "./trace-calls.ts";

describeStoreContract({
  name: "a store whose calls are traced",
  open: () => Promise.resolve(traceCalls(createMemoryStore(), systemClock, () => undefined)),
});

const bytes = [Buffer.from("ab"), Buffer.from("c")];

test("every call is told with its key, bytes, duration and outcome when it has ended", async () => {
  const clock = manualClock();
  const calls: TracedCall[] = [];
  const store = traceCalls(createMemoryStore(), clock, (call) => calls.push(call));
  await store.create("a/x", bytes);
  await store.create("a/x", bytes);
  await store.replace("a/y", bytes);
  await store.read("a/x");
  await store.read("a/z");
  await store.list("a/");
  await store.listFolders("");
  await store.remove("a/x");
  expect(calls.map(({ kind, key, bytes: moved, outcome }) => [kind, key, moved, outcome])).toEqual([
    ["create", "a/x", 3, "created"],
    ["create", "a/x", 3, "exists"],
    ["replace", "a/y", 3, "done"],
    ["read", "a/x", 3, "done"],
    ["read", "a/z", 0, "absent"],
    ["list", "a/", 0, "done"],
    ["listFolders", "", 0, "done"],
    ["remove", "a/x", 0, "done"],
  ]);
  expect(calls[0]).toEqual({
    kind: "create",
    key: "a/x",
    bytes: 3,
    startedAtMs: clock.now(),
    durationMs: 0,
    outcome: "created",
  });
});

test("failures are told with their code, and a call that was given up as that", async () => {
  const clock = manualClock();
  const calls: TracedCall[] = [];
  const enough = new AbortController();
  const failing = aroundEachCall(createMemoryStore(), async ({ signal }) => {
    await clock.sleep(500, signal);
    signal?.throwIfAborted();
    throw new SpotproofError("store-unreachable", "Away.");
  });
  const store = traceCalls(failing, clock, (call) => calls.push(call));
  const failed = expect(store.read("a")).rejects.toMatchObject({ code: "store-unreachable" });
  clock.advance(500);
  await failed;
  const givenUp = expect(store.read("b", { signal: enough.signal })).rejects.toThrow("enough");
  enough.abort(new Error("enough"));
  await givenUp;
  expect(calls).toMatchObject([
    { key: "a", durationMs: 500, outcome: "failed", code: "store-unreachable" },
    { key: "b", durationMs: 0, outcome: "given-up" },
  ]);
});
