import { expect, test } from "vitest";
import { judgeRound } from "./judge-round.ts";
import type { RacerAnswer } from "./place.ts";

const racers = ["a", "b"];
const lost = { failed: "reset" };

test.each<[string, readonly RacerAnswer[], readonly (string | null)[], string]>([
  ["one was told so, and its bytes are there", ["created", "exists"], ["a", "a"], "one-won"],
  ["one was told so, the other's answer was lost", ["created", lost], ["a", "a"], "one-won"],
  ["K16: both were told so", ["created", "created"], ["b", "b"], "several-won"],
  ["K16: both were told so, and nothing is there", ["created", "created"], [null, null], "several-won"],
  ["one was told so, and the other's bytes are there", ["created", "exists"], ["b", "b"], "overwritten"],
  ["the one that got no answer has written over the winner", ["created", lost], ["b", "b"], "overwritten"],
  ["two readers see different bytes", ["created", "exists"], ["a", "b"], "overwritten"],
  ["the loser cannot see it yet", ["created", "exists"], ["a", null], "unseen"],
  ["the winner's answer was lost", [lost, "exists"], ["a", "a"], "unclear"],
  ["both answers were lost, and nothing is there", [lost, lost], [null, null], "unclear"],
  ["a repeated request found its own object", ["exists", "exists"], ["a", "a"], "unclear"],
  ["both were told that it exists, and nothing is there", ["exists", "exists"], [null, null], "nobody-won"],
  ["both were told that it exists, with bytes of neither", ["exists", "exists"], ["z", "z"], "nobody-won"],
])("%s", (_name, answers, seen, end) => {
  expect(judgeRound({ racers, answers, seen })).toBe(end);
});
