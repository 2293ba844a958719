import { describe, expect, test } from "vitest";
import { type JobTest, createJobTest } from "../testing/index.ts";
import type { Job, StepsOptions } from "./job.ts";

interface Sum {
  total: number;
}

/** Adds up its steps. */
const sum =
  (
    options: Partial<StepsOptions<Sum>> = {},
    during: (step: number, state: Sum) => void | Promise<void> = () => undefined,
  ) =>
  async (job: Job): Promise<number> => {
    const state = await job.restoreOr((): Sum => ({ total: 0 }));
    for await (const step of job.steps<Sum>({ to: 20, checkpointEvery: 4, ...options })) {
      state.total += step;
      await during(step, state);
    }
    return state.total;
  };

const SUM_OF_20 = 190;

/** The first step of each life. */
const firsts = (jobTest: JobTest, loop = "steps"): (number | undefined)[] =>
  jobTest.lives.map(({ steps }) => steps[loop]?.[0]);

const kinds = (jobTest: JobTest): string[] => jobTest.events.map(({ kind }) => kind);

describe("where a loop of steps goes on", () => {
  test("after the last step that was finished, when there was a notice", async () => {
    const jobTest = createJobTest();
    for (const step of [0, 1, 7, 18]) {
      expect(await jobTest.run(sum(), { interruptAtStep: step })).toMatchObject({ kind: "interrupted" });
    }
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 1, 2, 8, 19]);
  });

  test("after the last step of a checkpoint, when there was none", async () => {
    const jobTest = createJobTest();
    await jobTest.run(sum(), { crashAtStep: 2 });
    await jobTest.run(sum(), { crashAtStep: 10 });
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 0, 8]);
  });

  test("an interruption at the last step leaves nothing to do but the rest of the program", async () => {
    const jobTest = createJobTest();
    const end = await jobTest.run(sum(), { interruptAtStep: 19 });
    if (end.kind === "interrupted")
      expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    else expect(end).toEqual({ kind: "completed", result: SUM_OF_20 });
  });

  test("after seconds of steps: at the first end of a step", async () => {
    const jobTest = createJobTest({ stepMs: 700 });
    await jobTest.run(sum({ checkpointEvery: { seconds: 2 } }), { crashAtStep: 8 });
    await jobTest.run(sum());
    expect(firsts(jobTest)).toEqual([0, 6]);
  });

  test("by itself: after the first step, and then as cost and interruptions have it", async () => {
    const jobTest = createJobTest({ stepMs: 400 });
    await jobTest.run(sum({ checkpointEvery: "auto" }), { crashAtStep: 15 });
    // A save in memory costs nothing: then once in a second is enough.
    expect(jobTest.checkpoints).toHaveLength(5);
    await jobTest.run(sum());
    expect(firsts(jobTest)[1]).toBe(13);
  });

  test("the recorded position goes before `from`, and a higher `to` goes on", async () => {
    const jobTest = createJobTest();
    await jobTest.run(sum({ from: 10 }), { interruptAtStep: 12 });
    expect(await jobTest.run(sum({ from: 0, to: 15 }))).toEqual({
      kind: "completed",
      result: 10 + 11 + 12 + 13 + 14,
    });
  });

  test("a loop without a step does nothing", async () => {
    expect(await createJobTest().run(sum({ from: 5, to: 5 }))).toEqual({ kind: "completed", result: 0 });
    expect(await createJobTest().run(sum({ from: 9, to: 5 }))).toEqual({ kind: "completed", result: 0 });
  });

  test("steps below zero are steps", async () => {
    const jobTest = createJobTest();
    await jobTest.run(sum({ from: -5, to: 0 }), { interruptAtStep: -3 });
    expect(await jobTest.run(sum({ from: -5, to: 0 }))).toEqual({ kind: "completed", result: -15 });
  });
});

describe("several loops of a job", () => {
  const two = async (job: Job): Promise<readonly string[]> => {
    const state = await job.restoreOr(() => ({ done: [] as string[] }));
    for (const name of ["first", "second"]) {
      for await (const step of job.steps({ name, to: 4, checkpointEvery: 1 }))
        state.done.push(`${name} ${step}`);
    }
    return state.done;
  };

  const nested = async (job: Job): Promise<readonly string[]> => {
    const state = await job.restoreOr(() => ({ done: [] as string[] }));
    for await (const epoch of job.steps({ name: "epochs", to: 3, checkpointEvery: 1 })) {
      for await (const batch of job.steps({ name: "batches", to: 4, checkpointEvery: 2 })) {
        state.done.push(`${epoch}.${batch} ${job.random.below(100)}`);
      }
      state.done.push(`epoch ${epoch}`);
    }
    return state.done;
  };

  test("one after the other: what the first has done is not done again", async () => {
    const { result } = await createJobTest().everyInterruption(two);
    expect(result).toHaveLength(8);
  });

  test("one in the other: the inner one goes on within the step of the outer one, and begins anew in the next", async () => {
    const { result, cuts } = await createJobTest().everyInterruption(nested);
    expect(result.filter((entry) => entry.startsWith("1."))).toHaveLength(4);
    expect(result.filter((entry) => entry.startsWith("epoch"))).toEqual(["epoch 0", "epoch 1", "epoch 2"]);
    expect(cuts.length).toBeGreaterThan(40);
  });

  test("of the same name are refused, unless they are in different steps of an outer loop", async () => {
    const twice = async (job: Job): Promise<void> => {
      for await (const _ of job.steps({ to: 1 }));
      for await (const _ of job.steps({ to: 1 }));
    };
    await expect(createJobTest().run(twice)).rejects.toMatchObject({ code: "bad-usage" });
  });
});

describe("a save in the background", () => {
  test("is of its moment, whatever the loop has changed meanwhile", async () => {
    const jobTest = createJobTest();
    const slow = sum({ checkpointEvery: 1 }, (step) => {
      if (step === 3) jobTest.store.goAway(5500);
    });
    // The third save begins at the end of step 2 and is durable some steps later.
    expect(await jobTest.run(slow, { crash: { after: "save", number: 3 } })).toMatchObject({
      kind: "crashed",
    });
    expect(jobTest.lives[0]?.steps["steps"]?.at(-1)).toBeGreaterThan(6);
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 3]);
  });

  test("is the only one: the next is of the first end of a step after it", async () => {
    const jobTest = createJobTest();
    const slow = sum({ checkpointEvery: 1 }, (step) => {
      if (step === 3) jobTest.store.goAway(5500);
    });
    await jobTest.run(slow, { crashAtStep: 15 });
    await jobTest.run(sum());
    expect(firsts(jobTest)).toEqual([0, 14]);
    // Those of steps 0, 1, 2, and then one for each step after the store was back.
    const saves = jobTest.checkpoints.filter(({ attempt }) => attempt === 1);
    expect(saves.length).toBeLessThan(11);
    expect(saves.length).toBeGreaterThan(4);
  });

  test("is waited for at the end of the loop's job, and by `checkpoint`", async () => {
    const jobTest = createJobTest();
    const end = await jobTest.run(async (job) => {
      const state = await job.restoreOr(() => ({ total: 0 }));
      for await (const step of job.steps({ to: 3, checkpointEvery: 1 })) {
        state.total += step;
        if (step === 1) jobTest.store.goAway(20_000);
      }
      return [await job.checkpoint(), jobTest.clock.nowMs > 20_000];
    });
    expect(end).toEqual({ kind: "completed", result: [expect.stringMatching(/^000001-/), true] });
  });

  test("that fails is told, and the next one has everything", async () => {
    const jobTest = createJobTest();
    const full = sum({ checkpointEvery: 1 }, (step) => {
      if (step === 3) jobTest.store.fill();
      if (step === 6) jobTest.store.makeRoom();
    });
    await jobTest.run(full, { crashAtStep: 12 });
    expect(kinds(jobTest)).toContain("save-failed");
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 11]);
  });

  test("needs no more memory the longer the store is away", async () => {
    const jobTest = createJobTest();
    const held: number[] = [];
    await jobTest.run(async (job) => {
      const state = await job.restoreOr(() => ({ numbers: new Float64Array(64 * 1024), step: 0 }));
      for await (const step of job.steps({ to: 300, checkpointEvery: 1 })) {
        if (step === 5) jobTest.store.goAway(280_000);
        state.step = step;
        state.numbers.fill(step);
        if (step % 50 === 0) held.push(process.memoryUsage().arrayBuffers);
      }
    });
    // One copy of the state is half a megabyte.
    expect((held.at(-1) ?? 0) - (held[1] ?? 0)).toBeLessThan(40 * 1024 * 1024);
  });
});

describe("a save that is waited for", () => {
  test("is durable before the next step begins", async () => {
    const jobTest = createJobTest();
    const waiting = sum({ checkpointEvery: 1, save: "wait" }, (step) => {
      if (step === 3) jobTest.store.goAway(5500);
    });
    await jobTest.run(waiting, { crash: { after: "save", number: 4 } });
    expect(jobTest.lives[0]?.steps["steps"]).toEqual([0, 1, 2, 3]);
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 4]);
  });

  test("that fails ends the loop, and the next life does the steps since the last good one again", async () => {
    const jobTest = createJobTest();
    const full = sum({ checkpointEvery: 1, save: "wait" }, (step) => {
      if (step === 3) jobTest.store.fill();
    });
    await expect(jobTest.run(full)).rejects.toMatchObject({ code: "store-full" });
    jobTest.store.makeRoom();
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 3]);
  });
});

describe("a loop that is left early", () => {
  test("by `break` is done when the program says so", async () => {
    const jobTest = createJobTest();
    const search = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ found: -1 }));
      for await (const step of job.steps({ to: 20, checkpointEvery: 2 })) {
        state.found = step;
        if (step === 6) break;
      }
      return state.found;
    };
    expect(await jobTest.run(search)).toEqual({ kind: "completed", result: 6 });
    await createJobTest().everyInterruption(search);
  });

  test("by `break` after an interruption is not taken for completed", async () => {
    const jobTest = createJobTest();
    const polite = sum({ to: 20, checkpointEvery: 2 });
    const leaves = async (job: Job): Promise<number> => {
      const state = await job.restoreOr((): Sum => ({ total: 0 }));
      for await (const step of job.steps({ to: 20, checkpointEvery: 2 })) {
        state.total += step;
        if (job.signal.aborted) break;
      }
      return state.total;
    };
    expect(await jobTest.run(leaves, { interruptAtStep: 7 })).toMatchObject({ kind: "interrupted" });
    expect(kinds(jobTest)).toContain("left-unfinished");
    expect(await jobTest.run(polite)).toEqual({ kind: "completed", result: SUM_OF_20 });
  });

  test("by an error of the work is failed, and goes on from its last checkpoint", async () => {
    const jobTest = createJobTest();
    const fails = sum({ checkpointEvery: 2 }, (step) => {
      if (step === 9) throw new Error("bad batch");
    });
    await expect(jobTest.run(fails)).rejects.toThrow("bad batch");
    expect(await jobTest.run(sum())).toEqual({ kind: "completed", result: SUM_OF_20 });
    expect(firsts(jobTest)).toEqual([0, 8]);
  });
});

describe("what a loop warns of", () => {
  test("a step that is longer than the time between a notice and the end", async () => {
    const jobTest = createJobTest({ stepMs: 121_000 });
    await jobTest.run(sum({ to: 3 }));
    expect(kinds(jobTest).filter((kind) => kind === "step-too-long")).toHaveLength(1);
  });

  test("a program that keeps its thread for half of the lease", async () => {
    const jobTest = createJobTest({ stepMs: 16_000 });
    await jobTest.run(sum({ to: 4 }));
    expect(kinds(jobTest).filter((kind) => kind === "no-heartbeat")).toHaveLength(1);
  });

  test("nothing, while steps are short", async () => {
    const jobTest = createJobTest();
    await jobTest.run(sum());
    expect(jobTest.events.filter(({ level }) => level === "warn")).toEqual([]);
  });
});

describe("options of a loop", () => {
  test.each([
    [{ to: 1.5 }],
    [{ to: Number.NaN }],
    [{ to: 3, from: 0.5 }],
    [{ to: 3, maxOverhead: 0 }],
    [{ to: 3, maxOverhead: 1 }],
    [{ to: 3, name: "a b" }],
    [{ to: 3, name: "" }],
    [{ to: 3, checkpointEvery: 0 }],
  ])("%j are refused before the first step", async (options) => {
    const jobTest = createJobTest();
    await expect(jobTest.run(sum(options as StepsOptions<Sum>))).rejects.toMatchObject({ code: "bad-usage" });
    expect(jobTest.lives[0]?.steps).toEqual({});
  });
});
