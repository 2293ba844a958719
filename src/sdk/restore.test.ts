import { describe, expect, test } from "vitest";
import { type JobTest, createJobTest } from "../testing/index.ts";
import type { Job, StateOptions } from "./job.ts";

const kinds = (jobTest: JobTest): string[] => jobTest.events.map(({ kind }) => kind);

/** Counts its steps. */
const count =
  (options?: StateOptions<{ count: number }>) =>
  async (job: Job): Promise<number> => {
    const state = await job.restoreOr(() => ({ count: 0 }), options);
    for await (const _ of job.steps({ to: 12, checkpointEvery: 2 })) state.count += 1;
    return state.count;
  };

describe("the state of a job", () => {
  test("is the initial one at the first start, which is said", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count());
    expect(kinds(jobTest).filter((kind) => kind === "initial-state")).toHaveLength(1);
    expect(jobTest.lives[0]?.resumedFrom).toBeUndefined();
  });

  test("is that of the last checkpoint afterwards, and nothing is said of an initial one", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count(), { interruptAtStep: 5 });
    await jobTest.run(count());
    expect(kinds(jobTest).filter((kind) => kind === "initial-state")).toHaveLength(1);
    expect(jobTest.events.filter(({ life }) => life === 2).map(({ kind }) => kind)).toContain("resumed");
    expect(jobTest.lives[1]?.resumedFrom).toBe(
      jobTest.checkpoints.findLast(({ attempt }) => attempt === 1)?.id,
    );
  });

  test("of an older version is refused without a way to the new one, and nothing is lost by that", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count(), { interruptAtStep: 5 });
    await expect(jobTest.run(count({ version: 2 }))).rejects.toMatchObject({ code: "state-outdated" });
    expect(await jobTest.run(count())).toEqual({ kind: "completed", result: 12 });
  });

  test("of an older version is migrated where the program says how, and saved as the new one", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count(), { interruptAtStep: 5 });
    const versions: number[] = [];
    const migrate = (old: unknown, from: number): { count: number } => {
      versions.push(from);
      return { count: (old as { count: number }).count + 100 };
    };
    await jobTest.run(count({ version: 2, migrate }), { interruptAtStep: 8 });
    expect(await jobTest.run(count({ version: 2, migrate }))).toEqual({ kind: "completed", result: 112 });
    expect(versions).toEqual([1]);
  });

  test("that is more than data goes by way of encode and decode", async () => {
    class Model {
      weights: number[];
      constructor(weights: number[]) {
        this.weights = weights;
      }
      learn(step: number): void {
        this.weights.push(step);
      }
    }
    const fit = async (job: Job): Promise<readonly number[]> => {
      const model = await job.restoreOr(() => new Model([]), {
        encode: ({ weights }) => ({ weights }),
        decode: async ({ weights }) => new Model(weights),
      });
      for await (const step of job.steps({ to: 8, checkpointEvery: 2 })) model.learn(step);
      return model.weights;
    };
    const { result } = await createJobTest().everyInterruption(fit);
    expect(result).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("is asked for once: a second time is refused", async () => {
    const twice = async (job: Job): Promise<void> => {
      await job.restoreOr(() => 1);
      await job.restoreOr(() => 2);
    };
    await expect(createJobTest().run(twice)).rejects.toMatchObject({ code: "bad-usage" });
  });

  test("is what `state` gives, where the loop says so", async () => {
    const replacing = async (job: Job): Promise<readonly number[]> => {
      let state: readonly number[] = await job.restoreOr((): readonly number[] => []);
      for await (const step of job.steps({ to: 6, checkpointEvery: 2, state: () => state }))
        state = [...state, step];
      return state;
    };
    const { result } = await createJobTest().everyInterruption(replacing);
    expect(result).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("that cannot be kept is refused where it is saved, and nothing is completed", async () => {
    const jobTest = createJobTest();
    const unkept = async (job: Job): Promise<void> => {
      const state = await job.restoreOr((): { value: unknown } => ({ value: 1 }));
      for await (const _ of job.steps({ to: 4, checkpointEvery: 2 })) state.value = () => 1;
    };
    await expect(jobTest.run(unkept)).rejects.toMatchObject({ code: "state-not-storable" });
    expect(await jobTest.run(count())).toMatchObject({ kind: "completed" });
  });
});

describe("random numbers of a job", () => {
  test("go on where they were, however often the job was interrupted", async () => {
    const draw = async (job: Job): Promise<readonly unknown[]> => {
      const state = await job.restoreOr((): { drawn: unknown[] } => ({ drawn: [] }));
      for await (const _ of job.steps({ to: 6, checkpointEvery: 2 }))
        state.drawn.push(job.random.next(), job.random.below(7), [...job.random.permutation(10)]);
      return state.drawn;
    };
    const { result } = await createJobTest().everyInterruption(draw);
    expect(new Set(result.map(String)).size).toBeGreaterThan(10);
    const other = await createJobTest({ seed: 2 }).run(draw);
    expect(other).not.toMatchObject({ result });
  });
});

describe("the progress of a job", () => {
  test("is kept in checkpoints, and does not change what is done", async () => {
    const tells = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ count: 0 }));
      for await (const _ of job.steps({ to: 6, checkpointEvery: 2 })) {
        state.count += 1;
        job.progress(state.count, 6, "steps");
      }
      return state.count;
    };
    await createJobTest().everyInterruption(tells);
  });

  test("must be numbers", async () => {
    const wrong = (job: Job): void => job.progress(Number.NaN);
    await expect(createJobTest().run(wrong)).rejects.toMatchObject({ code: "bad-usage" });
  });
});

describe("damaged checkpoints", () => {
  test("the newest is stepped over, which is said, and the one before is gone on from", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count(), { crashAtStep: 9 });
    const damaged = await jobTest.store.damageNewest();
    expect(await jobTest.run(count())).toEqual({ kind: "completed", result: 12 });
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(6);
    const skipped = jobTest.events.filter(({ kind }) => kind === "checkpoint-skipped");
    expect(skipped).toHaveLength(1);
    expect(skipped[0]).toMatchObject({ level: "warn", text: expect.stringContaining(damaged) });
  });

  test("when all are damaged the work begins anew, and that is said aloud, once", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count(), { crashAtStep: 5 });
    await jobTest.store.damageNewest();
    await jobTest.store.damageNewest();
    expect(await jobTest.run(count())).toEqual({ kind: "completed", result: 12 });
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(0);
    expect(jobTest.events.filter(({ kind }) => kind === "no-usable-checkpoint")).toMatchObject([
      { level: "warn" },
    ]);
  });
});
