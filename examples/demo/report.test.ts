import { expect, test } from "vitest";
import { Lane } from "./lane.ts";
import { type Evidence, judge, reportOf } from "./report.ts";

const RESULT = "result: 96.0 % of the held-back digits right, weights 0123456789abcdef";
const SURVIVED = [
  "beginning with 8995 handwritten digits",
  "told to stop: saved at step 100",
  "going on after step 100",
  "epoch 1/1  step 200/300  loss 0.400",
  "going on after step 150",
  "epoch 1/1  step 300/300  loss 0.300",
  RESULT,
];

function evidenceOf(lines: readonly string[], weights: string): Evidence {
  const asWritten = new Lane("as written", 300, []);
  const withSpotproof = new Lane("with Spotproof", 300, []);
  for (const line of ["beginning with", "epoch 1/1  step 300/300  loss 0.300", RESULT])
    asWritten.ledger.hear(line);
  for (const line of lines) withSpotproof.ledger.hear(line);
  return {
    asWritten,
    withSpotproof,
    interruptions: [
      { atShare: 0.3, leadMs: 3000 },
      { atShare: 0.9, leadMs: 0 },
    ],
    asWrittenWeights: Buffer.from("weights"),
    withSpotproofWeights: Buffer.from(weights),
  };
}

function brokenPromises(evidence: Evidence): string[] {
  return judge(evidence)
    .filter(({ kept }) => !kept)
    .map(({ promise }) => promise);
}

test("a training that survived keeps every promise, and the table says what it cost", () => {
  const evidence = evidenceOf(SURVIVED, "weights");
  expect(brokenPromises(evidence)).toEqual([]);
  expect(reportOf(evidence, judge(evidence))).toContain("0, 100, 150");
});

test.each([
  ["other weights", SURVIVED, "weightz", /bit for bit/],
  [
    "a step lost although there was notice",
    SURVIVED.with(2, "going on after step 90"),
    "weights",
    /no step was repeated/,
  ],
  ["a start from nothing", SURVIVED.with(4, "beginning with"), "weights", /not from nothing/],
  ["an interruption too few", SURVIVED.toSpliced(3, 2), "weights", /was interrupted 2 times and finished/],
  ["too many digits wrong", SURVIVED.with(6, RESULT.replace("96", "94")), "weights", /more than 95 %/],
])("%s is told as a broken promise", (_, lines, weights, broken) => {
  expect(brokenPromises(evidenceOf(lines, weights)).join("\n")).toMatch(broken);
});
