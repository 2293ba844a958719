import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seededRandom, systemClock } from "../../src/base/index.ts";
import { PYTHON_IS_THERE, type PythonEnd, pythonJob, usePython } from "./pythons.ts";

// The Python loop, killed before each of its operations on files, and at random moments: the next start finds a whole
// state, never loses a step beyond the last saved one, and the end is the same as without a kill.

const python = usePython();
const EVERY = 3;
/** How many of the operations are cut, at most; CI cuts all. */
const CUTS = Math.min(60, Number(process.env["KILL_ANYWHERE_CUTS"] ?? 40));
const OPTIONS = JSON.stringify({ every: EVERY });

const resultOf = ({ out }: PythonEnd): string | undefined => /^result (.*)$/m.exec(out)?.[1];
const lastStep = ({ out }: PythonEnd): number =>
  Math.max(
    0,
    ...[...out.matchAll(/^(?:step|going on after step) (\d+)$/gm)].map((match) => Number(match[1])),
  );
const beganAfter = ({ out }: PythonEnd): number => Number(/^going on after step (\d+)$/m.exec(out)?.[1] ?? 0);

/** The latest complete state in a folder; 0 when there is none. */
function savedStep(folder: string): number {
  try {
    const names = readdirSync(join(folder, "steps")).filter((name) => name.startsWith("step-"));
    return Math.max(0, ...names.map((name) => Number(name.slice(5))));
  } catch {
    // Killed before the folder was made.
    return 0;
  }
}

/** What must hold of a killed start, and of the folder that it left. */
function judge(killed: PythonEnd, folder: string, savedBefore = 0): number {
  expect(killed.status, killed.err).toBe("SIGKILL");
  const saved = savedStep(folder);
  const done = lastStep(killed);
  expect(saved).toBeGreaterThanOrEqual(savedBefore);
  expect(saved).toBeLessThanOrEqual(Math.max(done, savedBefore));
  // Whoever has begun the step after a save has saved: at most the save of the very last step may be missing.
  expect(saved).toBeGreaterThanOrEqual(EVERY * Math.floor((done - 1) / EVERY));
  return saved;
}

describe.runIf(PYTHON_IS_THERE)("spotproof.steps, killed (needs Python)", () => {
  test("C01, C08: before each of its operations on files: the state is whole, and of the last saved step", {
    timeout: 240_000,
  }, async () => {
    const place = mkdtempSync(join(tmpdir(), "spotproof-python-kill-"));
    const run = (at: number, folder: string, steps = "8") =>
      python.start([pythonJob("killed_at.py"), String(at), pythonJob("chain.py"), steps, "0"], {
        environment: { SPOTPROOF_CHECKPOINT: join(place, folder), OPTIONS, BALLAST: "5000" },
      }).ended;
    try {
      const alone = await run(0, "alone");
      const operations = Number(/^operations (\d+)$/m.exec(alone.err)?.[1]);
      expect(operations).toBeGreaterThan(60);
      const stride = Math.ceil(operations / CUTS);
      const ats = Array.from({ length: Math.floor(operations / stride) }, (_, index) => 1 + index * stride);
      // Two at once.
      const cut = async (at: number): Promise<void> => {
        const folder = `at-${at}`;
        const saved = judge(await run(at, folder), join(place, folder));
        // The next start is killed as well, in the middle of cleaning up or of a later save.
        const second = await run((at % 29) + 1, folder);
        // With little left to do it may be done before it gets there.
        const savedThen = second.status === 0 ? 8 : judge(second, join(place, folder), saved);
        if (second.out !== "") expect(beganAfter(second)).toBe(saved);
        const next = await run(0, folder);
        expect(next.status, next.err).toBe(0);
        expect(beganAfter(next)).toBe(savedThen);
        expect(resultOf(next)).toBe(resultOf(alone));
        expect(readdirSync(join(place, folder, "steps"))).toEqual(["step-000000000008"]);
      };
      for (const pair of pairs(ats)) await Promise.all(pair.map(cut));
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  test("at 25 random moments, most of them within a save: the end is the same as without", {
    timeout: 120_000,
  }, async () => {
    const random = seededRandom(7);
    const start = (checkpoint: string) =>
      python.start([pythonJob("chain.py"), "400", "0.0005"], {
        environment: { SPOTPROOF_CHECKPOINT: join(python.folder, checkpoint), OPTIONS, BALLAST: "300000" },
      });
    const alone = await start("alone").ended;
    const folder = join(python.folder, "ckpt");
    let saved = 0;
    for (let kill = 0; kill < 25; kill += 1) {
      const job = start("ckpt");
      await job.untilSays(/step/);
      await systemClock.sleep(random.next() * 60);
      job.child.kill("SIGKILL");
      const end = await job.ended;
      if (end.status === 0) throw new Error("It was done before all kills: make it longer.");
      expect(beganAfter(end)).toBe(saved);
      saved = judge(end, folder, saved);
    }
    const last = await start("ckpt").ended;
    expect(last.status, last.err).toBe(0);
    expect(beganAfter(last)).toBe(saved);
    expect(resultOf(last)).toBe(resultOf(alone));
  });
});

function pairs(numbers: readonly number[]): readonly (readonly number[])[] {
  return numbers.flatMap((_, at) => (at % 2 === 0 ? [numbers.slice(at, at + 2)] : []));
}
