import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

// A program with a job, as its author would write it, over the built package.

const LIBRARY = JSON.stringify(resolve("dist/index.js"));

/** How large its work is. */
export const STEPS = 12;
export const ITEMS = 24;

/** What it prints when it is done, wherever it was interrupted. */
export const RESULT = `result ${sumOfSteps()} items ${ITEMS} distinct ${ITEMS} squares ${sumOfSquares()}`;

/** Heartbeats and lease of tests, in ms. */
export const LEASE = { heartbeatMs: 50, leaseMs: 300 };

/**
 * Writes the program into the folder and gives its path. It takes from its environment: STEP_MS and ITEM_MS, how long each step and item
 * takes; FILES, a folder that belongs to the job; KEEP, how many checkpoints are kept.
 */
export function writeProgram(folder: string): string {
  const path = join(folder, "fit.mjs");
  writeFileSync(
    path,
    `
    import { runJob } from ${LIBRARY};
    import { writeFileSync } from "node:fs";
    const { STEP_MS = "0", ITEM_MS = "0", FILES, KEEP = "100" } = process.env;
    const sleep = (ms) => (ms === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms)));
    const options = { store: "store", files: FILES, keep: Number(KEEP), ...${JSON.stringify(LEASE)} };
    const end = await runJob("fit", options, async (job) => {
      console.log("attempt", job.attempt, "from", job.resumedFrom ?? "nothing");
      const state = await job.restoreOr(() => ({ hash: 7, table: new Float64Array(2000) }));
      for await (const step of job.steps({ to: ${STEPS}, checkpointEvery: 2 })) {
        console.log("step", step);
        state.hash = (state.hash * 31 + step) % 1000003;
        state.table.fill(state.hash);
        if (job.files !== undefined && FILES !== undefined) writeFileSync(job.files + "/step.txt", String(step));
        await sleep(Number(STEP_MS));
      }
      const items = Array.from({ length: ${ITEMS} }, (_, index) => index);
      await job.forEach(items, { concurrency: 3, commitEveryMs: 5 }, async (item) => {
        console.log("item", item);
        await sleep(Number(ITEM_MS));
        return item * item;
      });
      const results = [];
      for await (const outcome of job.results()) results.push(outcome);
      const squares = results.reduce((sum, { result }) => sum + result, 0);
      return [state.hash, "items", results.length, "distinct", new Set(results.map(({ key }) => key)).size, "squares", squares];
    });
    console.log(...(end.kind === "completed" ? ["result", ...end.result] : [end.kind]));
    `,
  );
  return path;
}

function sumOfSteps(): number {
  let hash = 7;
  for (let step = 0; step < STEPS; step += 1) hash = (hash * 31 + step) % 1_000_003;
  return hash;
}

function sumOfSquares(): number {
  return Array.from({ length: ITEMS }, (_, item) => item * item).reduce((sum, square) => sum + square, 0);
}

/** The steps that a life has begun. */
export const stepsOf = (stdout: string): number[] =>
  [...stdout.matchAll(/^step (\d+)$/gm)].map(([, step]) => Number(step));

/** The checkpoint that a life went on from; `nothing` without one, undefined when it did not come so far. */
export const resumedFrom = (stdout: string): string | undefined =>
  /^attempt \d+ from (\S+)$/m.exec(stdout)?.[1];
