import { expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import type { FolderSaver, SaveRequest, SaveResult } from "../checkpoint.ts";
import { WaitingSaves } from "./waiting-saves.ts";

const fencedOut: SaveResult = { kind: "fenced-out" };
const confirm = () => Promise.resolve("valid" as const);
const unused = () => Promise.reject(new Error("not here"));

/** A saver that does this in a save, and how patient it finds the store. */
function waiting(save: (request: SaveRequest) => Promise<unknown>) {
  const clock = manualClock();
  const saves = new WaitingSaves({ clock, startPatienceMs: 60_000 });
  const asked: string[] = [];
  const saver: FolderSaver = { save: async (request) => (await save(request), fencedOut), prune: unused };
  const run = <Result>(what: string, _signal: unknown, work: (repetition: number) => Promise<Result>) => {
    asked.push(what);
    return work(0);
  };
  return { clock, saves, asked, saver: saves.around(saver, { run }) };
}

test("C06: a save waits for as long as it may last; the first of all and a restore for a minute", async () => {
  const seen: number[] = [];
  const { saves, saver } = waiting(async () => void seen.push(saves.patienceMs));
  await saver.save({ reason: "start", confirm });
  await saver.save({ reason: "interval", confirm });
  saves.beginRestore();
  seen.push(saves.patienceMs);
  expect(seen).toEqual([60_000, Number.POSITIVE_INFINITY, 60_000]);
});

test("E2: the command does not stand still for a store that is away", async () => {
  const seen: number[] = [];
  const { clock, saves, saver } = waiting(async ({ pause }) => {
    const paused = await pause?.();
    clock.advance(2000);
    seen.push(saves.patienceMs);
    clock.advance(1);
    seen.push(saves.patienceMs);
    await paused?.resume();
    seen.push(saves.patienceMs);
  });
  const pause = () => Promise.resolve({ mappedFiles: new Set<string>(), resume: () => Promise.resolve() });
  await saver.save({ reason: "notice", confirm, pause });
  expect(seen).toEqual([Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY]);
});

test("P3: whether the checkpoint counts is asked as patiently", async () => {
  const { asked, saver } = waiting(({ confirm: ask }) => ask());
  expect(await saver.save({ reason: "final", confirm })).toEqual(fencedOut);
  expect(asked).toEqual(["look who owns the job"]);
});
