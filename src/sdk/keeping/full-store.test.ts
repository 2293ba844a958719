import { expect, test } from "vitest";
import { SpotproofError } from "../../base/index.ts";
import type { SaveResult } from "../../checkpoint/index.ts";
import { AloneKeeper, type AloneKeeperParts } from "./alone-keeper.ts";
import type { RecordMedium } from "./record-medium.ts";

const FULL = new SpotproofError("store-full", "No room is left.");

function keeperOver(medium: Partial<RecordMedium>): AloneKeeper {
  const parts = {
    clock: { now: () => 0 },
    attempt: { fencedOut: new AbortController().signal, note: () => undefined },
    life: { committed: () => undefined },
    medium,
    retention: { last: 2 },
    onPruneFailed: () => undefined,
  };
  return new AloneKeeper(parts as unknown as AloneKeeperParts);
}

const COMMIT = { reason: "interval", parts: [], index: {}, progress: undefined } as const;

test("a save that finds the store full removes what is not kept, and is tried once more", async () => {
  const calls: string[] = [];
  const keeper = keeperOver({
    save() {
      calls.push("save");
      if (calls.length === 1) return Promise.reject(FULL);
      const checkpoint = { id: "000001-000002", capturedAtMs: 0, storedBytes: 1 };
      return Promise.resolve({ kind: "saved", checkpoint } as unknown as SaveResult);
    },
    prune() {
      calls.push("prune");
      return Promise.resolve({
        removedCheckpoints: [],
        removedPacks: 0,
        removedBytes: 0,
        keptCheckpoints: [],
      });
    },
  });
  expect(await keeper.commit(COMMIT)).toMatchObject({ id: "000001-000002" });
  expect(calls).toEqual(["save", "prune", "save"]);
});

test("a store that stays full is told as such", async () => {
  const keeper = keeperOver({
    save: () => Promise.reject(FULL),
    prune: () => Promise.reject(new SpotproofError("store-unreachable", "It is away.")),
  });
  await expect(keeper.commit(COMMIT)).rejects.toBe(FULL);
});
