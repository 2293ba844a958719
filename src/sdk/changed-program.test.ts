import { expect, test } from "vitest";
import { createJobTest } from "../testing/index.ts";
import type { Job } from "./job.ts";

const count = async (job: Job): Promise<number> => {
  const state = await job.restoreOr(() => ({ count: 0 }));
  for await (const _ of job.steps({ to: 10 })) state.count += 1;
  return state.count;
};

async function kindsAfter(work: (job: Job) => Promise<void>): Promise<readonly string[]> {
  const jobTest = createJobTest();
  await jobTest.run(count, { interruptAtStep: 4 });
  await jobTest.run(work);
  return jobTest.events.filter(({ life }) => life === 2).map(({ kind }) => kind);
}

test("a state that was never asked for is refused at the first start, not lost at the second", async () => {
  const model = { count: 0 };
  const work = async (job: Job): Promise<void> => {
    for await (const _ of job.steps({ to: 10, state: () => model })) model.count += 1;
  };
  await expect(createJobTest().run(work)).rejects.toMatchObject({ code: "bad-usage" });
});

test("a program that asks for its state no longer hears that its steps go on without it", async () => {
  const kinds = await kindsAfter(async (job) => {
    for await (const _ of job.steps({ to: 10 }));
  });
  expect(kinds).toContain("state-not-asked");
});

test("a program whose loop has another name hears that it begins with its first step", async () => {
  const kinds = await kindsAfter(async (job) => {
    await job.restoreOr(() => ({ count: 0 }));
    for await (const _ of job.steps({ to: 10, name: "train" }));
  });
  expect(kinds).toContain("loop-unknown");
});

test("a program that is what it was hears neither", async () => {
  const kinds = await kindsAfter(async (job) => void (await count(job)));
  expect(kinds).not.toContain("loop-unknown");
  expect(kinds).not.toContain("state-not-asked");
});
