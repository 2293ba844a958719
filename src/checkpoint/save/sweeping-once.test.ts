import { expect, test } from "vitest";
import type { FolderSaver } from "../checkpoint.ts";
import { sweepingOnce } from "./sweeping-once.ts";

const report = { removedCheckpoints: [], removedPacks: 0, removedBytes: 0, keptCheckpoints: [] };
const saver: FolderSaver = {
  save: () => Promise.resolve({ kind: "fenced-out" }),
  prune: () => Promise.resolve(report),
};

/** A saver whose sweeps end so, one after the other. */
function sweeping(...ends: readonly (() => Promise<number>)[]) {
  const seen = { sweeps: 0, told: [] as string[] };
  const around = sweepingOnce(saver, {
    sweep: () => {
      seen.sweeps += 1;
      return ends[seen.sweeps - 1]?.() ?? Promise.resolve(0);
    },
    onNotSwept: (reason) => seen.told.push(reason),
  });
  return { seen, prune: (signal?: AbortSignal) => around.prune({ last: 2 }, signal) };
}

test("what dead writers left is removed with the first prune alone", async () => {
  const { seen, prune } = sweeping();
  expect(await prune()).toBe(report);
  await prune();
  expect(seen).toEqual({ sweeps: 1, told: [] });
});

test("what cannot be removed is told, and the prune counts", async () => {
  const { seen, prune } = sweeping(() => Promise.reject(new Error("no rights")));
  expect(await prune()).toBe(report);
  await prune();
  expect(seen).toEqual({ sweeps: 1, told: ["no rights"] });
});

test("a sweep that was given up is done with the next prune", async () => {
  const leave = new AbortController();
  const { seen, prune } = sweeping(() => {
    leave.abort();
    return Promise.reject(leave.signal.reason as Error);
  });
  await prune(leave.signal);
  await prune();
  expect(seen).toEqual({ sweeps: 2, told: [] });
});
