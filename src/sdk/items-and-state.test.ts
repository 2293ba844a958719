import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createJobTest } from "../testing/index.ts";
import type { Job } from "./job.ts";

const NUMBERS = Array.from({ length: 30 }, (_, number) => number);

describe("items that change a state", () => {
  test("are in no commit without the state that they have changed, whoever asks for it", async () => {
    const work = async (job: Job): Promise<readonly number[]> => {
      const state = await job.restoreOr(() => ({ seen: [] as number[] }));
      await job.forEach(NUMBERS, { commitEveryMs: 60_000 }, async (number) => {
        await setImmediate();
        state.seen.push(number);
        if (number === 15) await job.once("half", () => "way");
      });
      return state.seen;
    };
    const jobTest = createJobTest();
    expect(await jobTest.run(work, { crashAtItem: 20 })).toMatchObject({ kind: "crashed" });
    const end = await jobTest.run(work);
    expect(end.kind === "completed" && end.result).toEqual(NUMBERS);
  });

  test("draw no random number twice, without a state as well", async () => {
    const drawn: number[] = [];
    const work = async (job: Job): Promise<void> => {
      await job.forEach(NUMBERS, {}, () => void drawn.push(job.random.next()));
    };
    const jobTest = createJobTest();
    expect(await jobTest.run(work, { interruptAtItem: 10 })).toMatchObject({ kind: "interrupted" });
    expect(await jobTest.run(work)).toMatchObject({ kind: "completed" });
    expect(new Set(drawn).size).toBe(drawn.length);
  });
});
