import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Lane } from "./demo/lane.ts";
import { readFromStore, runWords } from "./demo/spotproof.ts";
import { Bench, example, type Program } from "./program.ts";

/** Enough to learn the digits, few enough for a test. */
const EPOCHS = "8";
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
  { step: 560, how: "kill -9" },
  { step: 1020, how: "notice" },
  { step: 1500, how: "kill -9" },
  { step: 1980, how: "notice" },
] as const;

function accuracyOf(program: Program): number {
  return Number(/^result: (\d+\.\d) %/.exec(program.lines.at(-1) ?? "")?.[1]);
}

/** Five machines, by the steps that the job does on each before its end comes or is announced. */
const MACHINES = [
  { steps: 100, leadMs: 2500 },
  { steps: 300, leadMs: 0 },
  { steps: 100, leadMs: 2500 },
  { steps: 300, leadMs: 0 },
  { steps: 100, leadMs: 2500 },
] as const;

/** Rejects when the job ends on its machine. */
async function unexpectedEnd(lane: Lane): Promise<never> {
  const { status, signal } = await lane.ends();
  throw new Error(`The job ended with ${status ?? signal}:\n${lane.machine.lastWords.join("\n")}`);
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
    expect(accuracyOf(last)).toBeGreaterThan(95);
  });

  test("under Spotproof the same, each time on a fresh machine", { timeout: 200_000 }, async () => {
    const epochs = ["--epochs", "16", "--report-every", "10"];
    const uninterrupted = bench.start([process.execPath, example("build/digits-in-memory.js"), ...epochs]);
    const place = { job: "digits", store: join(bench.folder, "store") };
    const command = [process.execPath, example("build/digits.js"), ...epochs];
    const lane = new Lane("digits", 16 * 281, runWords(place, command, ["--every", "300ms"]));
    const { ledger } = lane;
    try {
      for (const [index, { steps, leadMs }] of MACHINES.entries()) {
        await lane.startOnNewMachine(bench.folder, `machine-${index + 1}`);
        const hasWorked = async (): Promise<void> => {
          await ledger.begins(index + 1);
          await ledger.reaches(ledger.step + steps);
        };
        await Promise.race([hasWorked(), unexpectedEnd(lane)]);
        if (leadMs > 0) {
          lane.machine.announceEnd(leadMs);
          const end = await lane.ends();
          expect(end, lane.machine.lastWords.join("\n")).toEqual({ status: 75, signal: null });
        }
        await lane.loseMachine();
      }
      await lane.startOnNewMachine(bench.folder, "machine-6");
      expect((await lane.ends()).status, lane.machine.lastWords.join("\n")).toBe(0);
    } finally {
      await lane.loseMachine();
    }
    expect((await uninterrupted.ended).status).toBe(0);

    expect(ledger.attempts.length).toBe(6);
    for (const [index, { leadMs }] of MACHINES.entries()) {
      const from = ledger.attempts[index + 1]?.from ?? 0;
      if (leadMs > 0) expect(from).toBe(ledger.attempts[index]?.saved);
      else expect(from).toBeGreaterThan(0);
    }
    const weights = readFromStore(place, "weights.bin", join(bench.folder, "read-back"));
    expect(weights.equals(readFileSync(join(bench.folder, "weights.bin")))).toBe(true);
    expect(Number.parseFloat(ledger.result?.accuracy ?? "")).toBeGreaterThan(95);
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
