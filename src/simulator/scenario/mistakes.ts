import { SpotproofError } from "../../base/index.ts";

/** Keys and list indexes that lead to a value. */
export type FieldPath = readonly (string | number)[];

/** Something in a scenario that is not right. */
export interface Mistake {
  readonly line: number;
  readonly column: number;
  /** What is wrong and what would be right, without the place. */
  readonly words: string;
}

/** More are not shown at once. */
const SHOWN = 10;

/** One error for all that was found, in the order of the file. */
export function mistakesError(where: string, mistakes: readonly Mistake[]): SpotproofError {
  const sorted = [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted
    .slice(0, SHOWN)
    .map(({ line, column, words }) => `\n  ${where}:${line}:${column}: ${words}`);
  const more = sorted.length > SHOWN ? `\n  … and ${sorted.length - SHOWN} more.` : "";
  const count = sorted.length === 1 ? "one mistake" : `${sorted.length} mistakes`;
  return new SpotproofError("bad-usage", `The scenario ${where} has ${count}:${lines.join("")}${more}\n `);
}

/** `interruptions[0].lead`, as one would say it: entries count from 1. */
export function shownPath(path: FieldPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? ` ${part + 1}` : index === 0 ? part : `, ${part}`))
    .join("");
}
