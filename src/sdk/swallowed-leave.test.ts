import { describe, expect, test } from "vitest";
import { createJobTest } from "../testing/index.ts";
import type { Job } from "./job.ts";

// Programs that catch JobLeaves and go on as if nothing were.

/** Does it, whatever comes. */
async function swallow(doing: () => Promise<unknown>): Promise<void> {
  try {
    await doing();
  } catch {
    // what careless programs do
  }
}

describe("a program that swallows JobLeaves", () => {
  test("within a step: the step is not taken for done, and no step of the inner loop is skipped", async () => {
    const work = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ count: 0 }));
      for await (const _ of job.steps({ to: 3, name: "outer" })) {
        await swallow(async () => {
          for await (const _ of job.steps({ to: 10, name: "inner" })) state.count += 1;
        });
      }
      return state.count;
    };
    const jobTest = createJobTest();
    expect(await jobTest.run(work, { interruptAtStep: 5 })).toMatchObject({ kind: "interrupted" });
    expect(jobTest.events.map(({ kind }) => kind)).toContain("leave-swallowed");
    expect(await jobTest.run(work)).toEqual({ kind: "completed", result: 30 });
  });

  test("between two loops: what it did to the state since then is not saved", async () => {
    const work = async (job: Job): Promise<readonly string[]> => {
      const state = await job.restoreOr(() => ({ done: [] as string[] }));
      await swallow(async () => {
        for await (const step of job.steps({ to: 3, name: "first" })) state.done.push(`first ${step}`);
      });
      state.done.push("between");
      for await (const step of job.steps({ to: 1, name: "second" })) state.done.push(`second ${step}`);
      return state.done;
    };
    const jobTest = createJobTest();
    expect(await jobTest.run(work, { interruptAtStep: 1 })).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(work)).toEqual({
      kind: "completed",
      result: ["first 0", "first 1", "first 2", "between", "second 0"],
    });
  });

  test("around a durable step: the step that needs it is not taken for done", async () => {
    const done: string[] = [];
    const work = async (job: Job): Promise<void> => {
      for await (const step of job.steps({ to: 2 }))
        await swallow(() => job.once(`upload ${step}`, () => done.push(`upload ${step}`)));
    };
    const jobTest = createJobTest();
    expect(await jobTest.run(work, { interruptAtStep: 1 })).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(work)).toMatchObject({ kind: "completed" });
    expect(done).toEqual(["upload 0", "upload 1"]);
  });
});
