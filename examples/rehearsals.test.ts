import { describe, expect, test, vi } from "vitest";
import { builtInScenarios } from "../src/simulator/index.ts";
import { Bench, type Command, example, languagesOf, PYTHON_IS_THERE } from "./program.ts";
import { type Rehearsal, rehearse } from "./rehearsing.ts";

// Every scenario that comes with Spotproof, against every example, with the verdict that its readers are promised. Jobs that
// count mostly wait, so several rehearsals run at the same time; of those that compute no more than two.
vi.setConfig({ maxConcurrency: 5 });
const MOST_COMPUTING = 2;

/** Ten seconds of work for the jobs that count. */
const PACE = { STEP_SECONDS: "0.1" };
const LENGTH = ["--no-alone", "--length", "10s"] as const;

/** Some seven seconds of work on a core of its own; more where nobody hears notices, so that the job is not done within the last. */
const digits = (scenario: string, program = "digits"): Command => [
  process.execPath,
  example(`build/${program}.js`),
  "--epochs",
  scenario === "blind" ? "16" : "10",
  "--report-every",
  "20",
];

/** What no laptop and no CI should need for one drill. */
const LONGEST_DRILL_MS = 60_000;
const LIMITS = { timeout: 300_000 };

const SCENARIOS = builtInScenarios.map(({ name }) => name);
const [BREAKS_IN_PYTHON, BREAKS_IN_TYPESCRIPT] = languagesOf("breaks");
const [SURVIVES_IN_PYTHON, SURVIVES_IN_TYPESCRIPT] = languagesOf("survives");

let computing = 0;
const waiting: (() => void)[] = [];

/** Does it when no more than one other that computes is under way. */
async function inTurn<Value>(compute: () => Promise<Value>): Promise<Value> {
  if (computing >= MOST_COMPUTING) await new Promise<void>((resolve) => waiting.push(resolve));
  else computing += 1;
  try {
    return await compute();
  } finally {
    // Whoever waits takes this place.
    const next = waiting.shift();
    if (next === undefined) computing -= 1;
    else next();
  }
}

const shellWords = (command: Command): string => command.map((word) => `'${word}'`).join(" ");

/** Rehearses in a fresh folder, of which nothing is left. */
async function rehearseInScenario(
  name: string,
  options: readonly string[],
  command: Command,
): Promise<Rehearsal> {
  const bench = new Bench();
  try {
    return await rehearse(bench, {
      options: ["--scenario", name, ...options],
      command,
      environment: PACE,
    });
  } finally {
    await bench.clear();
  }
}

/** One job goes on, the other is thrown back, on machines that go away at the same moments. */
async function compareCounting(name: string, survives: Command, breaks: Command): Promise<void> {
  // One of them is a whole drill, the run in peace included.
  const length = name === "typical" ? [] : LENGTH;
  const options = [...length, "--compare", shellWords(breaks)];
  const { status, job, compare, story } = await rehearseInScenario(name, options, survives);

  expect({ status, failures: job.failures }, story).toEqual({ status: 0, failures: [] });
  expect(job.lastWords, story).toContain("result 993383394");
  if (name === "gentle") {
    expect(job.verdict.totals.interruptions, story).toBe(0);
    expect(compare?.failures, story).toEqual([]);
  } else {
    expect(job.verdict.totals.interruptions, story).toBeGreaterThanOrEqual(2);
    expect(compare?.failures, story).toContain("K08");
    expect(compare?.verdict.spotProof, story).toBe(false);
  }
  if (name === "typical") {
    // As long as it would have taken without the other job beside it, which needs longer.
    const drillMs = (job.alone?.tookMs ?? 0) + (job.finishedMs ?? Number.POSITIVE_INFINITY);
    console.log(`A drill of survives took ${(drillMs / 1000).toFixed(1)} s.`);
    expect(drillMs, story).toBeLessThan(LONGEST_DRILL_MS);
  }
}

test("there are scenarios to try", () => {
  expect(SCENARIOS).toContain("typical");
});

describe.concurrent.each(SCENARIOS)("%s", (name) => {
  // In one language everything is tried, in the other one scenario.
  const typescriptToo = !PYTHON_IS_THERE || name === "zombie";

  test.skipIf(!PYTHON_IS_THERE)("survives (Python) passes, breaks fails all but gentle", LIMITS, () =>
    compareCounting(name, SURVIVES_IN_PYTHON.command, BREAKS_IN_PYTHON.command),
  );

  // Left out, not skipped: nothing is missing for it.
  if (typescriptToo) {
    test("survives (TypeScript) passes, breaks fails all but gentle", LIMITS, () =>
      compareCounting(name, SURVIVES_IN_TYPESCRIPT.command, BREAKS_IN_TYPESCRIPT.command),
    );
  }

  test("digits passes, its weights equal bit for bit", LIMITS, async () => {
    const same = ["--expect-same", "ckpt/weights.bin"];
    const { status, job, story } = await inTurn(() => rehearseInScenario(name, same, digits(name)));
    expect({ status, failures: job.failures }, story).toEqual({ status: 0, failures: [] });
    expect(job.verdict.totals.outputsSame, story).toBe(true);
    if (name !== "gentle") expect(job.verdict.totals.interruptions, story).toBeGreaterThanOrEqual(2);
  });
});

test.concurrent("harsh: digits with runJob passes, its weights equal bit for bit", LIMITS, async () => {
  const same = ["--expect-same", "ckpt/weights.bin"];
  const { status, job, story } = await inTurn(() =>
    rehearseInScenario("harsh", same, digits("harsh", "digits-sdk")),
  );
  expect({ status, failures: job.failures }, story).toEqual({ status: 0, failures: [] });
  expect(job.verdict.totals.outputsSame, story).toBe(true);
});

// With Spotproof around it, as somebody would try it first: Spotproof cannot save what is only in memory.
const breaks = PYTHON_IS_THERE ? BREAKS_IN_PYTHON : BREAKS_IN_TYPESCRIPT;
test.concurrent(`typical: breaks (${breaks.language}) fails under Spotproof too`, LIMITS, async () => {
  const { status, job, story } = await rehearseInScenario("typical", LENGTH, breaks.command);
  expect(status, story).toBe(67);
  expect(job.failures, story).toContain("K08");
});
