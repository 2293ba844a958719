import { writeFileSync } from "node:fs";
import { type Job, runJob } from "../../src/index.ts";
import { pooled } from "./pooled.ts";
import { type StepsOrder, type StepsReport, stepResult } from "./steps-order.ts";

// Durable steps of Spotproof, as a program writes them. Its only argument is a `StepsOrder` as JSON.

const { kind, steps, atOnce, place, report } = JSON.parse(process.argv[2] ?? "") as StepsOrder;
const end = await runJob(
  "benchmark",
  { store: place, ending: "return", allowVolatileStore: true, onEvent: () => undefined },
  async (job) => {
    const begun = performance.now();
    await (kind === "once" ? once(job) : loop(job));
    return performance.now() - begun;
  },
);
if (end.kind !== "completed") throw new Error(`The job ended as ${end.kind}.`);
writeFileSync(report, JSON.stringify({ tookMs: end.result } satisfies StepsReport));

/** Each step's result is kept for itself. */
async function once(job: Job): Promise<void> {
  await pooled(steps, atOnce, (step) => job.once(`step-${step}`, () => stepResult(step)));
}

/** A loop whose state, 1 KiB, is durable before the next step begins. */
async function loop(job: Job): Promise<void> {
  const state = await job.restoreOr(() => new Uint8Array(1024));
  for await (const step of job.steps({ to: steps, checkpointEvery: 1, save: "wait" })) state.fill(step % 256);
}
