import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noise, openBench, save } from "../folder.fixture.ts";

const MIB = 1024 * 1024;

/** A folder with one file that can be saved with or without somebody writing it. */
function openStage() {
  const bench = openBench();
  mkdirSync(bench.work);
  const path = join(bench.work, "state");
  const saver = bench.saver();
  const pause = (open: boolean) => async () => ({
    mappedFiles: new Set<string>(),
    openForWriting: open
      ? [
          { path, append: false },
          { path: "/elsewhere/state", append: false },
        ]
      : [],
    resume: async () => undefined,
  });
  const opened = async (open: boolean) =>
    (await save(saver, { reason: "interval", pause: pause(open) })).openForWriting;
  const failing = (): Promise<unknown> =>
    saver.save({
      reason: "interval",
      pause: pause(true),
      note: () => ({}),
      confirm: () => Promise.reject(new Error("no answer")),
    });
  return { path, opened, failing };
}

test("C12: a file is told with the size that it had when it was last saved whole, however often it is caught", async () => {
  const { path, opened } = openStage();
  writeFileSync(path, "x".repeat(100));
  expect(await opened(false)).toBeUndefined();
  for (const bytes of [10, 20]) {
    writeFileSync(path, "x".repeat(bytes));
    expect(await opened(true)).toEqual([{ path: "state", bytes, append: false, wholeBytes: 100 }]);
  }
  writeFileSync(path, "x".repeat(50));
  expect(await opened(false)).toBeUndefined();
  writeFileSync(path, "");
  expect(await opened(true)).toEqual([{ path: "state", bytes: 0, append: false, wholeBytes: 50 }]);
});

test("a file that is open but has not changed since, or was never saved whole, is told without that size", async () => {
  const { path, opened } = openStage();
  writeFileSync(path, "x");
  expect(await opened(true)).toEqual([{ path: "state", bytes: 1, append: false }]);
  appendFileSync(path, "x");
  expect(await opened(true)).toEqual([{ path: "state", bytes: 2, append: false }]);
  expect(await opened(false)).toBeUndefined();
  expect(await opened(true)).toEqual([{ path: "state", bytes: 2, append: false }]);
});

test("what a save has read that failed, or before its pause, does not pass for whole", async () => {
  const { path, opened, failing } = openStage();
  writeFileSync(path, noise(40 * MIB, 1));
  expect(await opened(false)).toBeUndefined();
  writeFileSync(path, noise(35 * MIB, 2));
  await expect(failing()).rejects.toThrow("no answer");
  writeFileSync(path, noise(36 * MIB, 3));
  expect(await opened(true)).toEqual([
    { path: "state", bytes: 36 * MIB, append: false, wholeBytes: 40 * MIB },
  ]);
});
