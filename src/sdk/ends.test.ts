import { describe, expect, test } from "vitest";
import { type JobTest, createJobTest } from "../testing/index.ts";
import type { Job, JobEvent } from "./job.ts";

const count = async (job: Job): Promise<number> => {
  const state = await job.restoreOr(() => ({ count: 0 }));
  for await (const _ of job.steps({ to: 12, checkpointEvery: 2 })) state.count += 1;
  return state.count;
};

const warnings = (jobTest: JobTest): JobEvent[] => jobTest.events.filter(({ level }) => level === "warn");

describe("J4: a job that is completed", () => {
  test("stays so: its work is not begun again", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count);
    let begun = false;
    const again = await jobTest.run(() => {
      begun = true;
    });
    expect([again.kind, begun]).toEqual(["completed-before", false]);
  });

  test("is so although its program was killed just after", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count);
    const [life] = jobTest.lives;
    const killed = createJobTest();
    await killed.run(count, { crash: { after: "write", number: life?.writes ?? 0 } });
    expect((await killed.run(count)).kind).toBe("completed-before");
  });
});

describe("J3: a life whose job was taken over", () => {
  test("learns it at the next call that stores something, and every one after that", async () => {
    const jobTest = createJobTest();
    const codes: unknown[] = [];
    const codeOf = async (call: () => unknown): Promise<void> => {
      try {
        await call();
        codes.push("went well");
      } catch (error) {
        codes.push((error as { code?: unknown }).code);
      }
    };
    const stubborn = async (job: Job): Promise<void> => {
      await job.restoreOr(() => ({ count: 0 }));
      await codeOf(async () => {
        for await (const _ of job.steps({ to: 12, checkpointEvery: 2, save: "wait" }));
      });
      await codeOf(() => job.checkpoint());
      await codeOf(() => job.once("step", () => 1));
      await codeOf(() => job.forEach([1], { name: "list" }, () => 1));
      await codeOf(() => job.steps({ to: 3, name: "other" }));
      await codeOf(() => job.results("list"));
      await codeOf(() => job.progress(1));
      await codeOf(() => job.leave());
      codes.push(job.signal.aborted);
    };
    expect(await jobTest.run(stubborn, { takenOverAtStep: 5 })).toEqual({ kind: "fenced-out" });
    expect(codes).toEqual([...Array.from({ length: 8 }, () => "fenced-out"), true]);
    expect(jobTest.checkpoints.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  test("J1: what it has stored after that is read by nobody", async () => {
    const jobTest = createJobTest();
    await jobTest.run(count, { takenOverAtStep: 7 });
    expect(await jobTest.run(count)).toEqual({ kind: "completed", result: 12 });
    // Three checkpoints were durable before the claim: after steps 1, 3 and 5.
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(6);
  });

  test("is fenced out as well when it has returned without noticing", async () => {
    const jobTest = createJobTest();
    const silent = async (job: Job): Promise<string> => {
      for await (const _ of job.steps({ to: 2, checkpointEvery: 100 }));
      return "done";
    };
    expect(await jobTest.run(silent, { takenOverAtStep: 1 })).toEqual({ kind: "fenced-out" });
    expect(await jobTest.run(count)).toMatchObject({ kind: "completed" });
  });
});

describe("two programs of one job at once", () => {
  test("one works, the other stands by until that is done", async () => {
    const jobTest = createJobTest();
    const ends = await Promise.all([jobTest.run(count), jobTest.run(count)]);
    expect(ends.map(({ kind }) => kind).sort()).toEqual(["completed", "completed-before"]);
    expect(jobTest.events.map(({ kind }) => kind)).toContain("standing-by");
  });

  test("the one that stands by goes on where an interrupted one has left, at once", async () => {
    const jobTest = createJobTest();
    const [first, second] = await Promise.all([
      jobTest.run(count, { interruptAtStep: 5 }),
      jobTest.run(count),
    ]);
    expect([first.kind, second]).toEqual(["interrupted", { kind: "completed", result: 12 }]);
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(6);
    expect(jobTest.clock.nowMs).toBeLessThan(20_000);
  });

  test("the one that stands by takes over from one that was killed, after the lease", async () => {
    const jobTest = createJobTest();
    const [first, second] = await Promise.all([jobTest.run(count, { crashAtStep: 5 }), jobTest.run(count)]);
    expect([first.kind, second]).toEqual(["crashed", { kind: "completed", result: 12 }]);
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(4);
    expect(jobTest.clock.nowMs).toBeGreaterThan(30_000);
  });

  test("the other leaves where that was asked for", async () => {
    const jobTest = createJobTest({ job: { ifRunning: "leave" } });
    const ends = await Promise.all([jobTest.run(count), jobTest.run(count)]);
    expect(ends.map(({ kind }) => kind).sort()).toEqual(["completed", "running-elsewhere"]);
  });
});

describe("a program that looks at the interruption by itself", () => {
  test("leaves by `leave`, with everything saved", async () => {
    const jobTest = createJobTest();
    const own = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ count: 0 }));
      while (state.count < 5) {
        state.count += 1;
        if (state.count === 3 && job.attempt === 1) await job.leave();
      }
      return state.count;
    };
    expect(await jobTest.run(own)).toMatchObject({ kind: "interrupted" });
    expect(jobTest.checkpoints).toHaveLength(1);
    expect(await jobTest.run(own)).toEqual({ kind: "completed", result: 5 });
  });

  test.each([
    ["by itself", {}],
    ["when it is told to", { interruptAtStep: 2, noticeMs: 30_000 }],
  ])("C09: leaves within a step, %s: the step is done again, on the state before it", async (_, when) => {
    const jobTest = createJobTest();
    const own = async (job: Job): Promise<readonly number[]> => {
      const state = await job.restoreOr(() => ({ done: [] as number[] }));
      for await (const step of job.steps({ to: 4, checkpointEvery: 1 })) {
        state.done.push(step);
        if (job.attempt === 1 && (step === 2 || job.interruption !== undefined)) await job.leave();
      }
      return state.done;
    };
    expect(await jobTest.run(own, when)).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(own)).toEqual({ kind: "completed", result: [0, 1, 2, 3] });
  });

  test("is told of it, with the time that is left, once", async () => {
    const jobTest = createJobTest();
    const told: unknown[] = [];
    const listens = async (job: Job): Promise<void> => {
      job.onInterruption(({ action, remainingMs }) => told.push([action, remainingMs]));
      for await (const _ of job.steps({ to: 5 })) {
        if (job.interruption !== undefined) told.push(job.signal.aborted);
      }
    };
    await jobTest.run(listens, { interruptAtStep: 2, noticeMs: 30_000 });
    expect(told).toEqual([["terminate", 30_000], true]);
  });
});

describe("checkpoints that are asked for", () => {
  test("are durable with the state of the moment when `checkpoint` resolves", async () => {
    const jobTest = createJobTest();
    const own = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ count: 0 }));
      while (state.count < 6) {
        state.count += 1;
        const id = await job.checkpoint();
        expect(jobTest.checkpoints.at(-1)?.id).toBe(id);
      }
      return state.count;
    };
    expect(await jobTest.run(own, { crash: { after: "save", number: 3 } })).toMatchObject({
      kind: "crashed",
    });
    expect(await jobTest.run(own)).toEqual({ kind: "completed", result: 6 });
    expect(jobTest.checkpoints).toHaveLength(3 + 3 + 1);
  });

  test("C09: are refused within a step, whose state is half changed; nothing is saved of it", async () => {
    const jobTest = createJobTest();
    const own = async (job: Job): Promise<readonly number[]> => {
      const state = await job.restoreOr(() => ({ done: [] as number[] }));
      for await (const step of job.steps({ to: 4, checkpointEvery: 1 })) {
        state.done.push(step);
        if (step === 2 && job.attempt === 1) await job.checkpoint();
      }
      return state.done;
    };
    await expect(jobTest.run(own)).rejects.toThrow(/within a step.*half changed.*once\(\)/);
    expect(await jobTest.run(own)).toEqual({ kind: "completed", result: [0, 1, 2, 3] });
  });

  test("share the next one while one is under way", async () => {
    const jobTest = createJobTest();
    await jobTest.run(async (job) => {
      await job.restoreOr(() => ({ count: 0 }));
      const ids = await Promise.all(Array.from({ length: 10 }, () => job.checkpoint()));
      expect(new Set(ids).size).toBe(2);
    });
  });
});

describe("a life that meets trouble of the store", () => {
  test("is interrupted with its last save while the store is away and comes back in time", async () => {
    const jobTest = createJobTest();
    const away = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ count: 0 }));
      for await (const step of job.steps({ to: 12, checkpointEvery: 100 })) {
        state.count += 1;
        if (step === 5 && job.attempt === 1) jobTest.store.goAway(60_000);
      }
      return state.count;
    };
    expect(await jobTest.run(away, { interruptAtStep: 5 })).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(away)).toEqual({ kind: "completed", result: 12 });
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(6);
  });

  test("E2: ends before the deadline when the store does not come back, and says so", async () => {
    const jobTest = createJobTest();
    const away = async (job: Job): Promise<number> => {
      const state = await job.restoreOr(() => ({ count: 0 }));
      for await (const step of job.steps({ to: 12, checkpointEvery: 4 })) {
        state.count += 1;
        if (step === 5 && job.attempt === 1) jobTest.store.goAway(200_000);
      }
      return state.count;
    };
    expect(await jobTest.run(away, { interruptAtStep: 5 })).toMatchObject({ kind: "interrupted" });
    expect(jobTest.clock.nowMs).toBeLessThan(126_000);
    expect(warnings(jobTest).map(({ kind }) => kind)).toContain("last-save-failed");
    await jobTest.clock.advance(100_000);
    expect(await jobTest.run(away)).toEqual({ kind: "completed", result: 12 });
    expect(jobTest.lives[1]?.steps["steps"]?.[0]).toBe(4);
  });
});
