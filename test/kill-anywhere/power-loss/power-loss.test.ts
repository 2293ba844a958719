import { afterAll, describe, expect, test } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.ts";
import { freshPlaces } from "../foremen.ts";
import { type PowerLosses, losePower } from "./lose-power.ts";
import { type DiskChange, type RecordedLife, recordHistory } from "./recorded-disk.ts";

// KILL_ANYWHERE_CUTS: how often the power fails, 1,500 times by default and 3,000 at most. KILL_SEED: the first history's.

const CUTS = Math.min(3_000, Number(process.env["KILL_ANYWHERE_CUTS"] ?? 1_500));
const SEED = Number(process.env["KILL_SEED"] ?? 1);
/** Of the moments of a history every third is tried, in four ways: about that many cuts. */
const EVERY = 3;
const JUDGE_EVERY = 10;

const places = freshPlaces();
afterAll(() => places.remove());

/**
 * Three attempts: the first dies within its first operations (each seed at another), or a little later; the second
 * anywhere, or not; the third lives.
 */
function livesOf(seed: number): readonly RecordedLife[] {
  const random = seededRandom(seed);
  return [
    { steps: 1, diesBefore: seed % 2 === 0 ? 1 + ((seed / 2) % 16) : 17 + randomBelow(random, 80) },
    { steps: 3, diesBefore: seed % 3 === 0 ? undefined : 40 + randomBelow(random, 200) },
    { steps: 2 },
  ];
}

const history = (seed: number): Promise<readonly DiskChange[]> =>
  recordHistory(places.path, seed, livesOf(seed));

describe("a machine that loses power", () => {
  test(
    "C19 C01 C5: leaves the state of a committed checkpoint, never older than the last acknowledged",
    async () => {
      const all: PowerLosses[] = [];
      const sum = (of: (losses: PowerLosses) => number): number =>
        all.reduce((total, one) => total + of(one), 0);
      for (let seed = SEED; sum(({ cuts }) => cuts) < CUTS; seed += 1) {
        const recorded = await history(seed);
        all.push(
          await losePower({
            places: places.path,
            seed,
            history: recorded,
            every: EVERY,
            judgeEvery: JUDGE_EVERY,
          }),
        );
        if (sum(({ problems }) => problems.length) > 0) break;
      }
      const [cuts, looked, restored] = [
        sum((one) => one.cuts),
        sum((one) => one.looked),
        sum((one) => one.restored),
      ];
      const problems = all.flatMap((one) => one.problems);
      process.stdout.write(
        `power loss: ${cuts} in ${all.length} histories, leaving ${looked} different disks, ${restored} fresh machines restored, bad = ${problems.length}\n`,
      );
      expect(problems.slice(0, 5)).toEqual([]);
    },
    60_000 + CUTS * 100,
  );
});

describe("an engine with a flaw is found out", () => {
  const flaws: Readonly<Record<string, (seed: number) => Promise<readonly DiskChange[]>>> = {
    "C19: folders are not synced": async (seed) =>
      (await history(seed)).filter(({ kind }) => kind !== "sync folder"),
    "C5: files are not synced": async (seed) =>
      (await history(seed)).filter(({ kind }) => kind !== "sync file"),
    "C5: a save is acknowledged before the name of its manifest is durable": async (seed) =>
      acknowledgedEarly(await history(seed)),
    "C1: manifests are created before packs": (seed) =>
      recordHistory(places.path, seed, livesOf(seed), "manifest-before-packs"),
  };

  test.each(Object.entries(flaws))("%s", { timeout: 60_000 }, async (_, spoiled) => {
    const seed = SEED + 1_000;
    const task = { places: places.path, seed, every: 1, judgeEvery: 1_000_000, untilFound: true };
    const { problems } = await losePower({ ...task, history: await spoiled(seed) });
    expect(problems).not.toEqual([]);
  });
});

/** Every acknowledgement moved to right after the manifest got its name. */
function acknowledgedEarly(changes: readonly DiskChange[]): readonly DiskChange[] {
  const acknowledgements = changes.filter(
    (change) => change.kind === "told" && change.event.kind === "saved",
  );
  return changes
    .filter((change) => !acknowledgements.includes(change))
    .flatMap((change) => {
      const commits = change.kind === "link" && change.to.includes("/checkpoints/");
      const next = commits ? acknowledgements.shift() : undefined;
      return next === undefined ? [change] : [change, next];
    });
}
