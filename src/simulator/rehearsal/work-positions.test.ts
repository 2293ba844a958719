import { describe, expect, test } from "vitest";
import { AttemptDraft, type Pause } from "./attempt-draft.ts";
import { basePosition, progressInCheckpoint, shareWork, workedMs } from "./work-positions.ts";

interface Life {
  readonly from: number;
  readonly to: number;
  readonly resumedFrom?: string;
  readonly pauses?: readonly Pause[];
}

function attemptsOf(...lives: readonly Life[]): readonly AttemptDraft[] {
  return lives.map(({ from, to, resumedFrom, pauses = [] }, index) => {
    const draft = new AttemptDraft(index + 1, index + 1, from, () => pauses);
    draft.workFromMs = from;
    draft.workToMs = to;
    draft.resumedFrom = resumedFrom;
    return draft;
  });
}

const changes =
  (known: Readonly<Record<string, number>>) =>
  (checkpoint: string): number | undefined =>
    known[checkpoint];

/** Useful and lost work of each attempt, where the last one has completed the job. */
function shares(attempts: readonly AttemptDraft[], known: Readonly<Record<string, number>>) {
  const shared = shareWork(attempts, changes(known), attempts.at(-1), 100_000);
  return attempts.map((attempt) => {
    const { usefulMs, lostMs } = shared.get(attempt) ?? { usefulMs: -1, lostMs: -1 };
    return [usefulMs, lostMs];
  });
}

describe("what is lost of the work", () => {
  test("what came after the newest change in the checkpoint from which the next attempt went on", () => {
    const attempts = attemptsOf(
      { from: 1000, to: 5000 },
      { from: 8000, to: 12_000, resumedFrom: "000001-000002" },
    );
    expect(shares(attempts, { "000001-000002": 4000 })).toEqual([
      [3000, 1000],
      [4000, 0],
    ]);
  });

  test("everything, when the next attempt began from nothing or from a checkpoint without a file", () => {
    const lost = [
      [0, 4000],
      [4000, 0],
    ];
    expect(shares(attemptsOf({ from: 1000, to: 5000 }, { from: 8000, to: 12_000 }), {})).toEqual(lost);
    const empty = attemptsOf(
      { from: 1000, to: 5000 },
      { from: 8000, to: 12_000, resumedFrom: "000001-000002" },
    );
    expect(shares(empty, {})).toEqual(lost);
  });

  test("nothing of an earlier attempt, when one that saved nothing new comes between", () => {
    const attempts = attemptsOf(
      { from: 0, to: 5000 },
      { from: 6000, to: 7000, resumedFrom: "000001-000002" },
      { from: 8000, to: 12_000, resumedFrom: "000002-000001" },
    );
    // The second attempt's checkpoint holds what the first had written.
    expect(shares(attempts, { "000001-000002": 4500, "000002-000001": 4500 })).toEqual([
      [4500, 500],
      [0, 1000],
      [4000, 0],
    ]);
    expect(basePosition(attempts[2] as AttemptDraft, attempts, changes({ "000002-000001": 4500 }))).toBe(0);
  });

  test("what was useful once is lost when a later attempt is thrown back behind it", () => {
    const attempts = attemptsOf(
      { from: 0, to: 5000 },
      { from: 6000, to: 9000, resumedFrom: "000001-000003" },
      { from: 10_000, to: 14_000, resumedFrom: "000001-000002" },
    );
    expect(shares(attempts, { "000001-000003": 5000, "000001-000002": 2000 })).toEqual([
      [2000, 3000],
      [0, 3000],
      [4000, 0],
    ]);
  });

  test("K01: not the time in which its machine stood still", () => {
    const attempts = attemptsOf(
      { from: 0, to: 9000, pauses: [{ fromMs: 3000, toMs: 8000 }] },
      { from: 6000, to: 12_000, resumedFrom: "000001-000002" },
    );
    expect(workedMs(attempts[0] as AttemptDraft, 100_000)).toBe(4000);
    expect(shares(attempts, { "000001-000002": 2500 })).toEqual([
      [2500, 1500],
      [6000, 0],
    ]);
  });

  test("everything after the newest checkpoint, when the job never finished", () => {
    const attempts = attemptsOf({ from: 0, to: 5000 });
    const [attempt] = attempts;
    attempt?.saves.push({
      id: "000001-000002",
      atMs: 4100,
      reason: "interval",
      durationMs: 50,
      storedBytes: 1,
    });
    const shared = shareWork(attempts, changes({ "000001-000002": 4000 }), undefined, 100_000);
    expect(shared.get(attempt as AttemptDraft)).toEqual({ usefulMs: 4000, lostMs: 1000 });
  });
});

test("progress in a checkpoint is what was reported before it was captured", () => {
  const attempts = attemptsOf({ from: 0, to: 5000 }, { from: 6000, to: 7000, resumedFrom: "000001-000002" });
  const [first, second] = attempts;
  first?.progress.push({ atMs: 1000, done: 10 }, { atMs: 2000, done: 20 });
  first?.saves.push({ id: "000001-000002", atMs: 1990, reason: "interval", durationMs: 50, storedBytes: 1 });
  second?.saves.push({ id: "000002-000001", atMs: 6500, reason: "interval", durationMs: 50, storedBytes: 1 });
  expect(progressInCheckpoint("000001-000002", attempts)).toBe(10);
  expect(progressInCheckpoint("000002-000001", attempts)).toBe(10);
});
