import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const main = join(process.cwd(), "dist/cli/main.js");
const quick = ["--heartbeat", "100ms", "--lease", "400ms", "--retry-wait", "1ms"];
const run = ["run", "--job", "count", "--store", "store", ...quick];
const inJob = (...parts: string[]): string => join(bench.folder, "store/jobs/count", ...parts);

describe("what an end means", () => {
  test("J5: 75 by itself, for good, is not passed on as an invitation to start again", async () => {
    const end = await bench.run([...run, "--retries", "0", "--", "sh", "-c", "exit 75"]);
    expect(end.status).toBe(1);
    expect((await bench.run(["status", "--store", "store"])).stdout).toMatch(/failed/);
  });

  test("J5: nor by whoever stood by while it failed", async () => {
    const first = bench.start([...run, "--retries", "0", "--", "sh", "-c", "echo up; sleep 1; exit 75"]);
    await first.untilSays(/^up$/m);
    const second = bench.start([...run, "--", "true"]);
    await second.untilSays(/standing by/);
    expect(await first.ended).toBe(1);
    expect(await second.ended).toBe(1);
  });

  test("E1: a complete report of an earlier life does not make a later stop a success", async () => {
    const script = `if [ -e once ]; then echo again; while :; do sleep 0.02; done; else touch once; node ${main} progress 1/1; exit 1; fi`;
    const started = bench.start([
      ...run,
      "--signal-grace",
      "1s",
      "--",
      "sh",
      "-c",
      `trap 'exit 0' TERM; ${script}`,
    ]);
    await started.untilSays(/^again$/m);
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(75);
  });

  test("a complete report of this life does: told to stop, it leaves with 0 and is done", async () => {
    const script = `trap 'exit 0' TERM; node ${main} progress 5/5; echo reported; while :; do sleep 0.02; done`;
    const started = bench.start([...run, "--signal-grace", "1s", "--", "sh", "-c", script]);
    await started.untilSays(/^reported$/m);
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(0);
  });

  test("S10: a crash is not saved: the next life begins from what was saved before it", async () => {
    const script = "if [ -e once ]; then cat ckpt/x; else touch once; echo torn >ckpt/x; exit 1; fi";
    mkdirSync(join(bench.folder, "ckpt"));
    writeFileSync(join(bench.folder, "ckpt", "x"), "whole\n");
    const end = await bench.run([
      ...run,
      "--checkpoint",
      "ckpt",
      "--every",
      "100ms",
      "--",
      "sh",
      "-c",
      script,
    ]);
    expect(end).toMatchObject({ status: 0, stdout: "whole\n" });
  });

  test("the command is told which checkpoint it really goes on from", async () => {
    const script =
      'echo "$SPOTPROOF_RESUMED $SPOTPROOF_RESUMED_FROM"; [ -e once ] || { touch once; exit 1; }';
    const end = await bench.run([...run, "--checkpoint", "ckpt", "--", "sh", "-c", script]);
    expect(end.stdout).toBe("0 \n1 000001-000001\n");
  });
});

describe("a command that removes its folder", () => {
  test("and makes it anew is never saved as empty: a save in between fails, and the last good one stays", async () => {
    const script = "echo 7 >ckpt/x; sleep 0.4; rm -r ckpt; echo gone; sleep 0.5; kill -9 $$";
    const end = await bench.run([
      ...run,
      "--checkpoint",
      "ckpt",
      "--every",
      "100ms",
      "--retries",
      "0",
      "--",
      "sh",
      "-c",
      script,
    ]);
    expect(end.status).toBe(137);
    expect(end.stderr).toMatch(/a save did not work \(interval\): The checkpoint folder is not there/);
    const next = await bench.run([...run, "--checkpoint", "ckpt", "--", "cat", "ckpt/x"]);
    expect(next).toMatchObject({ status: 0, stdout: "7\n" });
  });

  test("when it is done has tidied up, and is done", async () => {
    const end = await bench.run([
      ...run,
      "--checkpoint",
      "ckpt",
      "--",
      "sh",
      "-c",
      "echo 1 >ckpt/x; rm -r ckpt",
    ]);
    expect(end.status).toBe(0);
  });
});

describe("S13: a second Ctrl-C", () => {
  test("while processes linger ends them at once, and a job that is done stays done", async () => {
    const started = bench.start([
      ...run,
      "--log-format",
      "json",
      "--linger",
      "20s",
      "--",
      jobFile("leaves-daemon.sh"),
      "pid",
    ]);
    await started.untilSays(/"event":"command-ended"/);
    started.child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 50));
    started.child.kill("SIGINT");
    expect(await started.ended).toBe(0);
    expect(started.stderr()).toMatch(/had to kill/);
  });
});

/** A file call on a pipe that nobody opens at its other end hangs, as one on a mount that is away. */
function makeHang(path: string): void {
  rmSync(path, { force: true });
  execFileSync("mkfifo", [path]);
}

describe("E2: a store that hangs", () => {
  test("at the end of an interrupted attempt does not keep us beyond the deadline", async () => {
    const started = bench.start([
      ...run,
      "--signal-grace",
      "3s",
      "--",
      "sh",
      "-c",
      "echo up; while :; do sleep 0.02; done",
    ]);
    await started.untilSays(/^up$/m);
    makeHang(inJob("attempts/000001/outcome.json"));
    const askedAt = performance.now();
    started.child.kill("SIGTERM");
    expect([75, "SIGKILL"]).toContain(await started.ended);
    expect(performance.now() - askedAt).toBeLessThan(5000);
  });

  test("at the start lets go on Ctrl-C", async () => {
    mkdirSync(join(bench.folder, "store"));
    makeHang(join(bench.folder, "store/spotproof-store.json"));
    const started = bench.start([...run, "--", "true"]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    started.child.kill("SIGINT");
    expect([130, "SIGKILL"]).toContain(await started.ended);
    expect(existsSync(inJob())).toBe(false);
  });
});
