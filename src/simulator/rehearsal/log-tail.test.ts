import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { LogTail, type LogLine } from "./log-tail.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spotproof-log-tail-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("it follows a log that is not there yet, line by line, and leaves a line out that was cut off", async () => {
  const path = join(folder, "log");
  const heard: LogLine[] = [];
  const tail = new LogTail(path, systemClock, (line) => heard.push(line));
  appendFileSync(path, '{"event":"one"}\n{"event":"t');
  while (heard.length < 1) await systemClock.sleep(1);
  appendFileSync(path, 'wo — ä"}\n{"event":"cut o');
  await tail.close();
  expect(heard).toEqual([{ event: "one" }, { event: "two — ä" }]);
});

test("a log that never came is no trouble", async () => {
  const tail = new LogTail(join(folder, "none"), systemClock, () => undefined);
  await tail.close();
});
