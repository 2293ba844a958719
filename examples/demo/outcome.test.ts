import { expect, test } from "vitest";
import type { JobTotals } from "../../src/simulator/index.ts";
import { outcomeOf } from "./outcome.ts";
import type { Rehearsed } from "./rehearse.ts";

const TOTALS: Partial<JobTotals> = {
  finished: true,
  interruptions: 3,
  attempts: 4,
  usefulMs: 8000,
  lostMs: 500,
  worstLostMs: 500,
  goodput: 0.7,
  saves: 9,
  outputsSame: true,
};

interface Seen {
  readonly jobProof?: boolean;
  readonly compareProof?: boolean;
  readonly totals?: Partial<JobTotals>;
}

function rehearsed({ jobProof = true, compareProof = false, totals = {} }: Seen): Rehearsed {
  const frame = { summary: "", findings: [] };
  const ends = [{}, {}, {}];
  return {
    record: { plan: { interruptions: ends } },
    verdict: {
      spotProof: jobProof,
      jobs: [
        { id: "job", spotProof: jobProof, totals: { ...TOTALS, ...totals }, ...frame },
        { id: "compare", spotProof: compareProof, totals: { ...TOTALS, lostMs: 9000 }, ...frame },
      ],
    },
  } as unknown as Rehearsed;
}

test("when one is spot-proof and the other is not, it says what each lost", () => {
  expect(outcomeOf(rehearsed({}))).toEqual({
    shown: true,
    words: expect.stringMatching(/3 times .* bit for bit; 0\.5 s of 8\.5 s .* 9\.0 s of 17\.0 s/) as unknown,
  });
});

test.each<readonly [string, Seen, RegExp]>([
  ["the job was not spot-proof", { jobProof: false }, /with Spotproof was not spot-proof/],
  ["its weights are others", { totals: { outputsSame: false } }, /weights are not those/],
  ["a machine was not taken away", { totals: { interruptions: 2 } }, /2 times instead of 3 times/],
  ["the other one was spot-proof too", { compareProof: true }, /as written proved spot-proof too/],
])("that %s is told as not shown", (_, seen, broken) => {
  const { shown, words } = outcomeOf(rehearsed(seen));
  expect(shown).toBe(false);
  expect(words).toMatch(broken);
});
