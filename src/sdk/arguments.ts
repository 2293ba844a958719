import { SpotproofError } from "../base/index.ts";

// From JavaScript anything may come. What is wrong is said at once, with the place and the remedy.

/** @throws SpotproofError `bad-usage` */
export function requireFunction(what: string, value: unknown, example: string): void {
  if (typeof value === "function") return;
  throw new SpotproofError(
    "bad-usage",
    `${what} must be a function, such as ${example}; it is ${kindOf(value)}.`,
  );
}

/** An object with options. @throws SpotproofError `bad-usage` */
export function requireOptions(what: string, value: unknown, example: string): void {
  if (typeof value === "object" && value !== null) return;
  throw new SpotproofError(
    "bad-usage",
    `${what} needs an object of options, such as ${example}; it is ${kindOf(value)}.`,
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
