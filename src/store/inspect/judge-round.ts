import type { RacerAnswer } from "./place.ts";

/** What was seen of one object that several writers tried to create at once. */
export interface Round {
  /** The racers' names, which are what they write, and their answers in the same order. */
  readonly racers: readonly string[];
  readonly answers: readonly RacerAnswer[];
  /** What each racer read there afterwards; null = nothing. */
  readonly seen: readonly (string | null)[];
}

/**
 * How a round ended. `several-won`, `overwritten` and `nobody-won` break what jobs rest on (K16); `unclear` does not: an
 * answer was lost.
 */
export type RoundEnd = "one-won" | "several-won" | "overwritten" | "nobody-won" | "unseen" | "unclear";

/** Judges a round: exactly one racer must have been told that it created the object, and its bytes must be there. */
export function judgeRound({ racers, answers, seen }: Round): RoundEnd {
  const winners = racers.filter((_, racer) => answers[racer] === "created");
  if (winners.length > 1) return "several-won";
  const there = [...new Set(seen.filter((text) => text !== null))];
  if (there.length > 1) return "overwritten";
  const [winner] = winners;
  if (winner !== undefined) {
    if (there[0] !== undefined && there[0] !== winner) return "overwritten";
    return seen.includes(null) ? "unseen" : "one-won";
  }
  // The winner's answer was lost, and its repetition, if there was one, found its own object.
  const isLost = answers.some((answer) => typeof answer === "object");
  if (isLost || (there[0] !== undefined && racers.includes(there[0]))) return "unclear";
  return "nobody-won";
}
