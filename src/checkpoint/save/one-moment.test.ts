import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Pause } from "../checkpoint.ts";
import { noise, openBench, save } from "../folder.fixture.ts";

const MIB = 1024 * 1024;
const LARGE_BYTES = 36 * MIB;

/** Counts up for ever: writes the count to both ends of a large file, then to a small file. */
const WRITER = `
const fs = require("node:fs");
const [, large, small] = process.argv;
const [a, b] = [fs.openSync(large, "r+"), fs.openSync(small, "w")];
for (let count = 1; ; count += 1) {
  const text = Buffer.from(String(count).padStart(20, "0"));
  fs.writeSync(a, text, 0, 20, 0);
  fs.writeSync(a, text, 0, 20, ${LARGE_BYTES} - 20);
  fs.writeSync(b, text, 0, 20, 0);
  if (count === 1) process.stdout.write("writing");
}`;

function stopReally(child: ChildProcess): Pause {
  return async () => {
    child.kill("SIGSTOP");
    // The third field of /proc/<pid>/stat is T once it stands.
    while (!fs.readFileSync(`/proc/${child.pid}/stat`, "utf8").includes(") T ")) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    return {
      mappedFiles: new Set(),
      resume: async () => {
        child.kill("SIGCONT");
      },
    };
  };
}

test.runIf(process.platform === "linux")(
  "C12: a checkpoint taken of a program that never stops writing is of one moment, never a mixture",
  async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const [large, small] = [join(bench.work, "large"), join(bench.work, "small")];
    fs.writeFileSync(large, noise(LARGE_BYTES, 1));
    const child = spawn(process.execPath, ["-e", WRITER, large, small], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = once(child, "exit");
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await gone;
    });
    await once(child.stdout, "data");
    const saver = bench.saver();
    let last = 0;
    for (let round = 0; round < 3; round += 1) {
      const { id } = await save(saver, { pause: stopReally(child) });
      await bench.restore([id]);
      const restored = join(bench.base, "restored");
      const bytes = fs.readFileSync(join(restored, "large"));
      const [front, back] = [Number(bytes.subarray(0, 20)), Number(bytes.subarray(-20))];
      const count = Number(fs.readFileSync(join(restored, "small")));
      expect(front - back).toBeLessThanOrEqual(1);
      expect(back).toBeLessThanOrEqual(front);
      expect(count).toBeLessThanOrEqual(back);
      expect(front - count).toBeLessThanOrEqual(1);
      expect(count).toBeGreaterThan(last);
      last = count;
    }
  },
  120_000,
);
