import { describe, expect, test } from "vitest";
import type { Job } from "../sdk/index.ts";
import { InterruptionsDiffer, SimulatedCrash, createJobTest } from "./index.ts";

/** Adds up the numbers of its steps, each with something random. */
async function sum(job: Job): Promise<number> {
  const state = await job.restoreOr(() => ({ total: 0 }));
  for await (const step of job.steps({ to: 20, checkpointEvery: 3 })) {
    state.total += step + job.random.below(1000);
  }
  return state.total;
}

/** Squares of a list. */
async function squares(job: Job): Promise<readonly number[]> {
  const numbers = Array.from({ length: 30 }, (_, index) => index);
  await job.forEach(numbers, { concurrency: 3 }, (value) => value * value);
  const all: number[] = [];
  for await (const outcome of job.results<number>()) if (outcome.kind === "done") all.push(outcome.result);
  return all.sort((a, b) => a - b);
}

describe("a test of a job", () => {
  test("runs it to its end", async () => {
    const jobTest = createJobTest();
    const end = await jobTest.run(sum);
    expect(end.kind).toBe("completed");
    expect(await jobTest.run(sum)).toEqual({ kind: "completed-before" });
    expect(jobTest.lives[0]?.steps).toEqual({ steps: Array.from({ length: 20 }, (_, step) => step) });
  });

  test("interrupts it at a step: that step is finished, the next life goes on after it", async () => {
    const jobTest = createJobTest();
    expect(await jobTest.run(sum, { interruptAtStep: 5 })).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(sum)).toMatchObject({ kind: "completed" });
    expect(jobTest.lives.map(({ steps }) => steps["steps"]?.at(0))).toEqual([0, 6]);
    expect(jobTest.lives[0]?.steps["steps"]?.at(-1)).toBe(5);
  });

  test("takes the job over: the life ends as fenced out, and nothing of it is read later", async () => {
    const jobTest = createJobTest();
    expect(await jobTest.run(sum, { takenOverAtStep: 10 })).toEqual({ kind: "fenced-out" });
    expect(await jobTest.run(sum)).toMatchObject({ kind: "completed" });
    expect(jobTest.lives[1]?.attempt).toBe(3);
    expect(jobTest.lives[1]?.steps["steps"]?.at(0)).toBe(9);
  });

  test("kills it before and after a save: only what was committed is there", async () => {
    for (const [place, first] of [
      [{ before: "save", number: 2 }, 3],
      [{ after: "save", number: 2 }, 6],
    ] as const) {
      const jobTest = createJobTest();
      expect(await jobTest.run(sum, { crash: place })).toMatchObject({ kind: "crashed" });
      expect(await jobTest.run(sum)).toMatchObject({ kind: "completed" });
      expect(jobTest.lives[1]?.steps["steps"]?.at(0)).toBe(first);
      expect(jobTest.clock.nowMs).toBeGreaterThan(30_000);
    }
  });

  test("stops it as Ctrl-C does", async () => {
    const jobTest = createJobTest();
    expect(await jobTest.run(sum, { stopAtStep: 2 })).toMatchObject({ kind: "stopped" });
    expect(await jobTest.run(sum)).toMatchObject({ kind: "completed" });
  });

  test("interrupts and kills lists of items", async () => {
    const jobTest = createJobTest();
    expect(await jobTest.run(squares, { interruptAtItem: 12 })).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(squares, { crashAtItem: 25 })).toMatchObject({ kind: "crashed" });
    const end = await jobTest.run(squares);
    expect(end).toEqual({ kind: "completed", result: Array.from({ length: 30 }, (_, n) => n * n) });
  });

  test("tries every interruption", async () => {
    const { cuts } = await createJobTest().everyInterruption(sum);
    expect(cuts).toContain("interrupted at the 7. step that was handed out");
    expect(cuts).toContain("crashed just after the 2. save");
    await createJobTest().everyInterruption(squares);
  });

  test("says after which cut the result is another one", async () => {
    const forgetful = async (job: Job): Promise<number> => {
      let total = 0;
      for await (const step of job.steps({ to: 6, checkpointEvery: 2 })) total += step;
      return total;
    };
    const error = await createJobTest()
      .everyInterruption(forgetful)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InterruptionsDiffer);
    expect((error as InterruptionsDiffer).message).toContain(
      "interrupted at the 3. step that was handed out: 12",
    );
  });

  test("lets real waits of the work be, and no virtual time pass meanwhile", async () => {
    const jobTest = createJobTest();
    const end = await jobTest.run(async (job) => {
      const took: number[] = [];
      await job.forEach([1, 2, 3], { timeoutMs: 150 }, async () => {
        const beganMs = jobTest.clock.nowMs;
        await new Promise((resolve) => setTimeout(resolve, 200));
        took.push(jobTest.clock.nowMs - beganMs);
      });
      return took;
    });
    expect(end).toEqual({ kind: "completed", result: [0, 0, 0] });
  });

  test("throws what the work throws, and remembers the life", async () => {
    const jobTest = createJobTest();
    await expect(jobTest.run(() => Promise.reject(new Error("no data")))).rejects.toThrow("no data");
    expect(jobTest.lives).toMatchObject([{ end: { kind: "failed" }, attempt: 1 }]);
  });

  test("shows the work its crash, which stores nothing any more", async () => {
    const jobTest = createJobTest();
    let seen: unknown;
    await jobTest.run(
      async (job) => {
        try {
          for await (const _ of job.steps({ to: 10, checkpointEvery: 1 }));
        } catch (error) {
          seen = error;
          await job.checkpoint();
        }
      },
      { crashAtStep: 3 },
    );
    expect(seen).toBeInstanceOf(SimulatedCrash);
    const saved = jobTest.checkpoints.length;
    await jobTest.clock.advance(100_000);
    expect(jobTest.checkpoints).toHaveLength(saved);
    expect(jobTest.lives).toHaveLength(1);
  });

  test("waits out a store that is away", async () => {
    const jobTest = createJobTest();
    const end = await jobTest.run(async (job) => {
      const state = await job.restoreOr(() => ({ steps: 0 }));
      for await (const step of job.steps({ to: 10, checkpointEvery: 1 })) {
        if (step === 3) jobTest.store.goAway(4000);
        state.steps += 1;
      }
      return state.steps;
    });
    expect(end).toEqual({ kind: "completed", result: 10 });
  });

  test("steps back behind a damaged checkpoint", async () => {
    const jobTest = createJobTest();
    await jobTest.run(sum, { crashAtStep: 10 });
    await jobTest.store.damageNewest();
    expect(await jobTest.run(sum)).toMatchObject({ kind: "completed" });
    expect(jobTest.lives[1]?.steps["steps"]?.at(0)).toBe(6);
    expect(jobTest.events.filter(({ kind }) => kind === "checkpoint-skipped")).toHaveLength(1);
  });
});
