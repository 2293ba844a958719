import { expect, test } from "vitest";
import { type JobTest, type LifeOptions, createJobTest } from "../testing/index.ts";
import type { Job } from "./job.ts";

// Every write of the store that a life makes, cut just before and just after it, in a first life and in a second one.

interface State {
  readonly seen: string[];
}

/** Everything that a job can keep, in one. */
async function everything(job: Job): Promise<unknown> {
  const state = await job.restoreOr((): State => ({ seen: [] }));
  const setting = await job.once("setting", () => ({ rate: 3 }));
  for await (const step of job.steps({ to: 6, checkpointEvery: 2 })) {
    state.seen.push(`${step} ${job.random.below(1000)}`);
    if (step % 2 === 0) await job.forEach(["a", "b"], { name: `in-${step}` }, (item) => `${item} ${step}`);
  }
  await job.forEach(
    [1, 2, 3, 4, 5, 6, 7, 8],
    { concurrency: 2, commitEveryMs: 200 },
    (item) => item * setting.rate,
  );
  await job.once("report", () => "sent");
  const items: unknown[] = [];
  for await (const outcome of job.results()) items.push(outcome);
  return {
    ...state,
    items: items.length,
    keys: new Set(items.map((item) => JSON.stringify(item))).size,
    setting,
  };
}

async function uninterrupted(): Promise<{
  readonly result: unknown;
  readonly writes: number;
  readonly test: JobTest;
}> {
  const jobTest = createJobTest();
  const end = await jobTest.run(everything);
  if (end.kind !== "completed") throw new Error(end.kind);
  return { result: end.result, writes: jobTest.lives[0]?.writes ?? 0, test: jobTest };
}

/** Runs the job to its end, and says what is wrong with it. */
async function problemsAfter(cuts: readonly LifeOptions[], result: unknown): Promise<readonly string[]> {
  const jobTest = createJobTest();
  const name = JSON.stringify(cuts);
  const problems: string[] = [];
  for (const cut of [...cuts, {}]) {
    const newest = jobTest.checkpoints.at(-1)?.id;
    const end = await jobTest.run(everything, cut);
    const life = jobTest.lives.at(-1);
    if (life?.attempt !== undefined && life.resumedFrom !== newest)
      problems.push(`${name}: goes on from ${life.resumedFrom}, and ${newest} was durable`);
    if (end.kind === "completed" && JSON.stringify(end.result) !== JSON.stringify(result))
      problems.push(`${name}: ${JSON.stringify(end.result)}`);
    if (end.kind === "completed" || end.kind === "completed-before") return problems;
  }
  return [...problems, `${name}: is not completed`];
}

test("C01 C03: a job that is killed before or after any write goes on from the newest checkpoint, to the same result", async () => {
  const { result, writes } = await uninterrupted();
  expect(result).toMatchObject({ items: 8, keys: 8 });
  expect(writes).toBeGreaterThan(10);
  const problems: string[] = [];
  for (let number = 1; number <= writes; number += 1) {
    for (const crash of [{ before: "write", number } as const, { after: "write", number } as const]) {
      problems.push(...(await problemsAfter([{ crash }], result)));
      problems.push(...(await problemsAfter([{ interruptAtStep: 3 }, { crash }], result)));
      problems.push(...(await problemsAfter([{ crashAtItem: 5, list: "items" }, { crash }], result)));
    }
  }
  expect(problems).toEqual([]);
}, 120_000);
