import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../base/index.ts";
import { openPatientWriter } from "./patient-writer.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spotproof-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.runIf(process.platform === "linux")("a writer that never waits", () => {
  test("keeps what finds no room in a pipe, says how much was too much, and writes on when somebody reads", async () => {
    const path = join(folder, "pipe");
    spawnSync("mkfifo", [path]);
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const writer = openPatientWriter(fd, systemClock);
    const line = `${"x".repeat(99)}\n`;
    for (let count = 0; count < 20_000; count += 1) writer?.write(line);
    let read = "";
    const buffer = Buffer.alloc(65_536);
    for (let round = 0; round < 100 && !read.endsWith("read it\n"); round += 1) {
      await writer?.drain(100);
      read += buffer.toString("latin1", 0, readSync(fd, buffer));
    }
    closeSync(fd);
    const lines = read.split("\n").slice(0, -1);
    expect(lines.slice(0, -1).every((one) => `${one}\n` === line)).toBe(true);
    expect(lines.length).toBeGreaterThan(10_000);
    expect(lines.at(-1)).toBe(
      `spotproof! ${(20_000 - (lines.length - 1)) * 100} bytes of this log were lost: nobody read it`,
    );
  });

  test("writes to a file at the place that is shared with the command", () => {
    const path = join(folder, "log");
    const fd = openSync(path, "w");
    const writer = openPatientWriter(fd, systemClock);
    writeSync(fd, "command 1\n");
    writer?.write("ours\n");
    writeSync(fd, "command 2\n");
    closeSync(fd);
    expect(readFileSync(path, "utf8")).toBe("command 1\nours\ncommand 2\n");
  });
});
