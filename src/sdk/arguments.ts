import { SpotproofError, editDistance } from "../base/index.ts";

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

/**
 * Names that are none of the options, and nearly one: `checkPointEvery` is a mistake, and ignoring it would lose work. Other
 * names are let through, as the compiler does with an object that has more members than are asked for.
 * @throws SpotproofError `bad-usage`
 */
export function refuseMisspelt(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = known.find((each) => isNearly(name, each));
    if (meant === undefined) continue;
    throw new SpotproofError(
      "bad-usage",
      `${what} has no option \`${name}\`. Is \`${meant}\` meant? The options are: ${known.join(", ")}.`,
    );
  }
}

/** Two slips of the keyboard in a long name, one in a short one; capital letters do not count. */
function isNearly(name: string, known: string): boolean {
  if (known.length < 3) return false;
  const most = known.length < 6 ? 1 : 2;
  return editDistance(name.toLowerCase(), known.toLowerCase()) <= most;
}
