import { describe, expect, test } from "vitest";
import { createJobTest } from "../testing/index.ts";
import { requireFunction, requireOptions } from "./arguments.ts";
import type { Job, JobOptions } from "./job.ts";
import { linesOf } from "./items/index.ts";
import { resolveOptions } from "./resolved-options.ts";

/** A job as JavaScript sees it. */
type AnyJob = Record<string, (...args: unknown[]) => unknown>;

/** What JavaScript may hand over, and what the error must name. */
const CALLS: readonly (readonly [string, (job: AnyJob) => unknown])[] = [
  ["steps", (job) => job["steps"]?.()],
  ["state", (job) => job["steps"]?.({ to: 1, state: {} })],
  ["save", (job) => job["steps"]?.({ to: 1, save: "now" })],
  ["checkpointEvery: often", (job) => job["steps"]?.({ to: 1, checkpointEvery: "often" })],
  ["checkpointEvery: null", (job) => job["steps"]?.({ to: 1, checkpointEvery: null })],
  ['"5"', (job) => job["steps"]?.({ to: 1, name: 5 })],
  ["forEach", (job) => job["forEach"]?.([1], () => 1)],
  ["forEach", (job) => job["forEach"]?.([1], undefined, () => 1)],
  ["`checkpointEvery` meant", (job) => job["steps"]?.({ to: 1, checkPointEvery: 1 })],
  ["`concurrency` meant", (job) => job["forEach"]?.([1], { concurency: 2 }, () => 1)],
  ["`version` meant", (job) => job["restoreOr"]?.(() => 1, { verson: 2 })],
  ["`encode` without `decode`", (job) => job["restoreOr"]?.(() => 1, { encode: () => 1 })],
  ["`decode` without `encode`", (job) => job["restoreOr"]?.(() => 1, { decode: () => 1 })],
  ["key", (job) => job["forEach"]?.([1], { key: "id" }, () => 1)],
  ["backoff", (job) => job["forEach"]?.([1], { backoff: 5 }, () => 1)],
  ["backoff.longestMs", (job) => job["forEach"]?.([1], { backoff: { firstMs: 5 } }, () => 1)],
  ["total", (job) => job["forEach"]?.([1], { total: "x" }, () => 1)],
  ["linesOf", () => linesOf(5 as unknown as string)],
  ["onInterruption", (job) => job["onInterruption"]?.("x")],
];

const OPTIONS: readonly (readonly [string, unknown])[] = [
  ["runJob", undefined],
  ["runJob", null],
  ["files", { store: "s", files: 5 }],
  ["`leaseMs` meant", { store: "s", leaseMS: 60_000 }],
  ["`interruptedEveryMs` meant", { store: "s", interuptedEveryMs: 60_000 }],
  ["onEvent", { store: "s", onEvent: "x" }],
  ["leaseMs", { store: "s", leaseMs: "60000" }],
  ["allowVolatileStore", { store: "s", allowVolatileStore: "no" }],
];

describe("a wrong argument is named at once", () => {
  test.each(CALLS)("%s", async (named, call) => {
    const work = async (job: Job): Promise<void> => void (await call(job as unknown as AnyJob));
    await expect(createJobTest().run(work)).rejects.toMatchObject({
      code: "bad-usage",
      message: expect.stringContaining(named) as string,
    });
  });

  test.each(OPTIONS)("%s, of what runJob takes", (named, options) => {
    expect(() => resolveOptions(options as JobOptions, "/")).toThrow(named);
    expect(() => resolveOptions(options as JobOptions, "/")).toThrow("bad-usage");
  });

  test("an option that is not nearly one of ours is let through, as the compiler does", () => {
    const options = { store: "s", region: "eu-west-1", learningRate: 0.1, seed: 5, id: 1 };
    expect(resolveOptions(options, "/").store).toBe("s");
  });

  test("what is no function, and no options", () => {
    expect(() => requireFunction("The work", undefined, "() => 1")).toThrow("The work must be a function");
    expect(() => requireOptions("steps", null, "{ to: 1 }")).toThrow("steps needs an object of options");
  });
});
