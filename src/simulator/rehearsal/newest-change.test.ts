import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { newestChangeIn } from "./newest-change.ts";
import { RehearsalTime } from "./rehearsal-time.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spotproof-newest-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the newest change is that of the newest file at any depth; links and folders do not count", async () => {
  const time = new RehearsalTime(systemClock);
  const startedS = Date.parse(time.startedAt) / 1000;
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  for (const [path, afterS] of [
    ["old", 10],
    ["a/b/new", 30],
  ] as const) {
    writeFileSync(join(folder, path), "");
    utimesSync(join(folder, path), startedS + afterS, startedS + afterS);
  }
  symlinkSync("nowhere", join(folder, "link"));
  expect(await newestChangeIn([join(folder, "absent"), folder], time)).toBeCloseTo(30_000, 0);
});

test("folders without a file have none", async () => {
  mkdirSync(join(folder, "a"));
  expect(await newestChangeIn([folder], new RehearsalTime(systemClock))).toBeUndefined();
});
