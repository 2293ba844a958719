import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const quick = ["--heartbeat", "100ms", "--lease", "400ms", "--signal-grace", "400ms"];
const run = ["run", "--job", "count", "--store", "store", "--checkpoint", "ckpt", ...quick];
const counts = (steps: number, seconds: string): string[] => [
  "--",
  jobFile("counts.sh"),
  String(steps),
  seconds,
];
const inStore = (...parts: string[]): string => join(bench.folder, "store", "jobs", "count", ...parts);

/** A job that was interrupted and has several checkpoints. */
async function interruptedJob(): Promise<void> {
  const first = bench.start([...run, "--every", "100ms", ...counts(10_000, "0.02")]);
  await first.untilSays(/checkpoint 000001-000003 saved/);
  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(75);
}

function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

const newest = (folder: string): string => readdirSync(folder).sort().at(-1) ?? "";

describe("what is damaged in the store is found, named, and stepped back from", () => {
  test("C02 C3: one flipped bit in the newest manifest", async () => {
    await interruptedJob();
    const name = newest(inStore("checkpoints"));
    flipBit(inStore("checkpoints", name), 40);
    const verified = await bench.run(["checkpoints", "verify", "--store", "store", "--job", "count"]);
    expect(verified.status).toBe(65);
    expect(verified.stdout).toMatch(new RegExp(`${name.slice(0, 13)}: DAMAGED`));
    const next = await bench.run([...run, ...counts(30, "0")]);
    expect(next.status).toBe(0);
    expect(next.stderr).toMatch(
      new RegExp(`checkpoint ${name.slice(0, 13)} cannot be used \\(.*\\): stepping back`),
    );
    expect(next.stdout).toMatch(/^begin at [1-9]/);
  });

  test("C02 C3: one flipped bit in the newest pack", async () => {
    await interruptedJob();
    const pack = newest(inStore("packs", "000001"));
    flipBit(inStore("packs", "000001", pack), 60);
    expect((await bench.run(["checkpoints", "verify", "--store", "store", "--job", "count"])).status).toBe(
      65,
    );
    const next = await bench.run([...run, ...counts(30, "0")]);
    expect(next.status).toBe(0);
    expect(next.stderr).toMatch(/cannot be used .*: stepping back/);
  });

  test("E1: with every checkpoint damaged it does not begin from nothing by itself", async () => {
    await interruptedJob();
    for (const name of readdirSync(inStore("checkpoints"))) flipBit(inStore("checkpoints", name), 40);
    const next = await bench.run([...run, ...counts(30, "0")]);
    expect(next.status).toBe(65);
    expect(next.stdout).toBe("");
    expect(next.stderr).toMatch(/none of them can be restored[\s\S]*To begin from the start on purpose/);
    const status = await bench.run(["status", "--store", "store"]);
    expect(status.stdout).toMatch(/failed/);
  });

  test("a claim that is no JSON is named, and nothing is invented", async () => {
    await interruptedJob();
    writeFileSync(inStore("attempts", "000001", "claim.json"), "{half");
    const next = await bench.run([...run, ...counts(30, "0")]);
    expect(next.status).toBe(69);
    expect(next.stderr).toMatch(/A record in the store cannot be read.*000001\/claim\.json/);
  });
});

const canMount =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("unshare", ["-m", "true"]).status === 0;

describe.runIf(canMount)("C20: a full store", () => {
  test("while the job runs fails the saves, not the job; at its end the result is not called durable", async () => {
    const script = `mount -t tmpfs -o size=6m tmpfs store && shift && exec "$@"`;
    mkdirSync(join(bench.folder, "store"));
    const job =
      'echo 1 >ckpt/n; sleep 0.4; head -c 20000000 /dev/urandom >ckpt/big; echo grown; sleep 1; [ -n "$STAY" ] || rm ckpt/big; sleep 0.3';
    const prefix = ["unshare", "-m", "sh", "-c", script, "sh", "x"];
    const end = await bench.run([...run, "--every", "200ms", "--", "sh", "-c", job], { prefix });
    expect(end.stderr).toMatch(/a save did not work \(interval\): The store is full/);
    expect(end.status).toBe(0);
  });

  test("that is mounted read-only is called not writable", async () => {
    const script = `mount -t tmpfs -o ro tmpfs store && shift && exec "$@"`;
    mkdirSync(join(bench.folder, "store"));
    const prefix = ["unshare", "-m", "sh", "-c", script, "sh", "x"];
    for (const store of ["store", "store/below/it"]) {
      const end = await bench.run(["run", "--job", "count", "--store", store, "--", "true"], { prefix });
      expect(end.stderr).toMatch(/The store cannot be written/);
      expect(end.status).toBe(69);
    }
  });

  test("from the beginning is refused at once, with what to do", async () => {
    const script = `mount -t tmpfs -o size=4m tmpfs store && shift && exec "$@"`;
    mkdirSync(join(bench.folder, "store"));
    mkdirSync(join(bench.folder, "ckpt"));
    spawnSync("sh", ["-c", "head -c 20000000 /dev/urandom >ckpt/big"], { cwd: bench.folder });
    const prefix = ["unshare", "-m", "sh", "-c", script, "sh", "x"];
    const end = await bench.run([...run, "--", "echo", "started"], { prefix });
    expect(end.stdout).toBe("");
    expect(end.stderr).toMatch(/The store is full\.[\s\S]*Free room/);
    expect(end.status).toBe(69);
  });
});

describe("jobs that do not get on", () => {
  test("K14: attempt after attempt without a new checkpoint is stopped, and a higher limit goes on", async () => {
    const stuck = [...run.slice(0, 5), ...quick, "--max-idle-attempts", "2"];
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const started = bench.start([...stuck, "--", "sh", "-c", "echo up; while :; do sleep 0.02; done"]);
      await started.untilSays(/^up$/m);
      started.child.kill("SIGTERM");
      expect(await started.ended).toBe(75);
    }
    const third = await bench.run([...stuck, "--", "true"]);
    expect(third.status).toBe(71);
    expect(third.stderr).toMatch(/without one new checkpoint/);
    expect((await bench.run([...stuck, "--max-idle-attempts", "0", "--", "true"])).status).toBe(0);
  });
});

describe("checkpoints prune", () => {
  test("C17 C4: keeps what it is told, at least two, and what is kept can be restored", async () => {
    await interruptedJob();
    const before = readdirSync(inStore("checkpoints")).length;
    const dry = await bench.run([
      "checkpoints",
      "prune",
      "--store",
      "store",
      "--job",
      "count",
      "--keep",
      "2",
      "--dry-run",
    ]);
    expect(dry.stdout).toMatch(/would be removed/);
    expect(readdirSync(inStore("checkpoints"))).toHaveLength(before);
    expect(
      (await bench.run(["checkpoints", "prune", "--store", "store", "--job", "count", "--keep", "2"])).status,
    ).toBe(0);
    expect(readdirSync(inStore("checkpoints"))).toHaveLength(2);
    expect((await bench.run(["checkpoints", "verify", "--store", "store", "--job", "count"])).status).toBe(0);
    expect((await bench.run([...run, ...counts(30, "0")])).stdout).toMatch(/^begin at [1-9]/);
  });

  test("a job that is running is left alone", async () => {
    const started = bench.start([...run, ...counts(10_000, "0.02")]);
    await started.untilSays(/^step 2$/m);
    const end = await bench.run([
      "checkpoints",
      "prune",
      "--store",
      "store",
      "--job",
      "count",
      "--observe",
      "400ms",
    ]);
    expect(end.status).toBe(73);
    expect(end.stderr).toMatch(/is alive/);
    started.child.kill("SIGINT");
    expect(await started.ended).toBe(130);
  });
});
