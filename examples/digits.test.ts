import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bench, type Command, example } from "./program.ts";
import { rehearse, scenarioFile } from "./rehearsing.ts";

/** Enough to learn the digits, few enough for a test. */
const EPOCHS = "6";
const TRAINING = [
  process.execPath,
  example("build/digits.js"),
  "--epochs",
  EPOCHS,
  "--report-every",
  "20",
] as const;
const IN_MEMORY = [process.execPath, example("build/digits-in-memory.js"), "--epochs", EPOCHS] as const;

/** Five interruptions, by the step at which they come. */
const INTERRUPTIONS = [
  { step: 180, how: "notice" },
  { step: 480, how: "kill -9" },
  { step: 820, how: "notice" },
  { step: 1120, how: "kill -9" },
  { step: 1440, how: "notice" },
] as const;

/** The same on machines: three ends that are announced, two that are not. */
const FIVE_MACHINES = `
name: five-machines
capacity: 20s
interruptions:
  - { at: 5%, lead: 120s }
  - { at: 25%, lead: none }
  - { at: 35%, lead: 120s }
  - { at: 55%, lead: none }
  - { at: 65%, lead: 120s }
`;

function accuracyOf(lastLine: string | undefined): number {
  return Number(/^result: (\d+\.\d) %/.exec(lastLine ?? "")?.[1]);
}

describe("the training that learns handwritten digits", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.clear());

  test("trained without interruption and with five, its weights are equal bit for bit", {
    timeout: 120_000,
  }, async () => {
    const uninterrupted = bench.start(IN_MEMORY);
    for (const { step, how } of INTERRUPTIONS) {
      const attempt = bench.start(TRAINING);
      await attempt.hears(` step ${String(step).padStart(4)}/`);
      attempt.signal(how === "notice" ? "SIGTERM" : "SIGKILL");
      const end = how === "notice" ? { status: 75, signal: null } : { status: null, signal: "SIGKILL" };
      expect(await attempt.ended).toEqual(end);
    }
    const last = bench.start(TRAINING);
    expect((await last.ended).status).toBe(0);
    expect((await uninterrupted.ended).status).toBe(0);

    const weights = readFileSync(join(bench.folder, "ckpt", "weights.bin"));
    expect(weights.equals(readFileSync(join(bench.folder, "weights.bin")))).toBe(true);
    expect(accuracyOf(last.lines.at(-1))).toBeGreaterThan(95);
  });

  test("rehearsed on machines that go away five times, its weights are equal bit for bit", {
    timeout: 300_000,
  }, async () => {
    const { status, record, job, story } = await rehearse(bench, {
      options: ["--scenario", scenarioFile(bench, FIVE_MACHINES), "--expect-same", "ckpt/weights.bin"],
      command: [process.execPath, example("build/digits.js"), "--epochs", "18", "--report-every", "10"],
    });
    expect(status, story).toBe(0);
    expect(job.verdict.totals, story).toMatchObject({ interruptions: 5, attempts: 6, outputsSame: true });
    for (const [index, { noticeMs }] of record.interruptions.entries()) {
      const [ended, next] = [job.attempts[index], job.attempts[index + 1]];
      expect(ended?.end.kind, story).toBe(noticeMs === undefined ? "died" : "interrupted");
      // One that vanishes early may have saved nothing itself; then its successor has what it began from.
      expect(next?.resumedFrom, story).toBe(ended?.saves.at(-1)?.id ?? ended?.resumedFrom);
      expect(next?.resumedFrom, story).toBeDefined();
      if (noticeMs !== undefined) expect(ended?.lostProgress, story).toBe(0);
    }
    expect(accuracyOf(job.lastWords.findLast((line) => line.startsWith("result"))), story).toBeGreaterThan(
      95,
    );
  });

  test("as a job of its own with runJob, interrupted by SIGTERM and kill -9, its weights are equal bit for bit", {
    timeout: 120_000,
  }, async () => {
    const words = (program: string): Command => [
      process.execPath,
      example(`build/${program}.js`),
      "--epochs",
      "4",
      "--report-every",
      "20",
    ];
    const uninterrupted = bench.start(words("digits-in-memory"));
    for (const { step, how } of INTERRUPTIONS.slice(0, 3)) {
      const life = bench.start(words("digits-sdk"));
      await life.hears(` step ${String(step).padStart(4)}/`);
      life.signal(how === "notice" ? "SIGTERM" : "SIGKILL");
      const end = how === "notice" ? { status: 75, signal: null } : { status: null, signal: "SIGKILL" };
      expect(await life.ended, life.everything()).toEqual(end);
      // A new machine: what the job keeps comes from its store.
      rmSync(join(bench.folder, "ckpt"), { recursive: true, force: true });
    }
    const last = bench.start(words("digits-sdk"));
    expect((await last.ended).status, last.everything()).toBe(0);
    expect((await uninterrupted.ended).status).toBe(0);
    expect(last.lines[0]).toMatch(/^steps done: 8[2-9]\d$/);
    const weights = readFileSync(join(bench.folder, "ckpt", "weights.bin"));
    expect(weights.equals(readFileSync(join(bench.folder, "weights.bin")))).toBe(true);
    expect(last.lines.at(-1)).toBe(uninterrupted.lines.at(-1));

    const again = bench.start(words("digits-sdk"));
    expect((await again.ended).status).toBe(0);
    expect(again.lines).toEqual([]);
  });

  test("told to stop before its first step, it stops with 75 and goes on from there", {
    timeout: 60_000,
  }, async () => {
    const words = [process.execPath, example("build/digits.js"), "--epochs", "1"] as const;
    const stopped = bench.start(words);
    await stopped.hears("beginning");
    stopped.signal("SIGTERM");
    expect((await stopped.ended).status).toBe(75);
    const told = stopped.lines.at(-1) ?? "";
    expect(told).toMatch(/^told to stop: saved at step \d+$/);

    const done = bench.start(words);
    expect((await done.ended).status).toBe(0);
    expect(done.lines[0]).toBe(`going on after step ${/\d+$/.exec(told)?.[0]}`);
    const again = bench.start(words);
    expect((await again.ended).status).toBe(0);
    expect(again.lines).toEqual(["going on after step 281", done.lines.at(-1)]);
  });

  test("a state that is cut short or belongs to other settings is refused in words", {
    timeout: 60_000,
  }, async () => {
    const words = (epochs: string) =>
      [process.execPath, example("build/digits.js"), "--epochs", epochs] as const;
    expect((await bench.start(words("1")).ended).status).toBe(0);
    const other = bench.start(words("2"));
    expect((await other.ended).status).toBe(1);
    expect(other.everything()).toContain("cannot go on: it was begun with");

    const file = join(bench.folder, "ckpt", "training.state");
    writeFileSync(file, readFileSync(file).subarray(0, 5000));
    const cut = bench.start(words("1"));
    expect((await cut.ended).status).toBe(1);
    expect(cut.everything()).toContain("has 5000 bytes instead of");
  });
});
