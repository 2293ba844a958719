import { SpotproofError } from "../../base/index.ts";

/** Why a value cannot be kept, found deep in a state; the way to it is added from the inside out. */
export interface Trouble {
  /** Steps to the value, the innermost first, as they are written: `.forward`, `[3]`, `.get("x")`. */
  readonly steps: string[];
  /** What stands there, as the end of "state.x is …". */
  readonly what: string;
  /** What to do instead. */
  readonly remedy: string;
}

/** What to do about most values that are no plain data. */
const MAKE_PLAIN =
  "Save plain data and make the object from it after a restore; see the `encode` and `decode` options.";

const REMEDIES: Readonly<Record<string, string>> = {
  Promise: "Wait for it (`await`) and save what it gives.",
  WeakMap: "Its contents cannot be listed: use a Map, or leave it out and build it again after a restore.",
  WeakSet: "Its contents cannot be listed: use a Set, or leave it out and build it again after a restore.",
  WeakRef: "Save the object that it refers to.",
};

/** A trouble at the place itself. */
export function trouble(what: string, remedy: string = MAKE_PLAIN): Trouble {
  return { steps: [], what, remedy };
}

/** An object of a class, or of a built-in kind that has no saved form. */
export function instanceTrouble(value: object): Trouble {
  const name = className(value);
  const remedy = REMEDIES[name] ?? MAKE_PLAIN;
  return trouble(`an instance of ${name}, and would come back without its class, or not at all`, remedy);
}

function className(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  const maker = typeof prototype === "object" && prototype !== null ? ownConstructor(prototype) : undefined;
  if (typeof maker === "function" && maker.name !== "") return maker.name;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function ownConstructor(prototype: object): unknown {
  return Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
}

/** A step to a property, as a program would write it. */
export function propertyStep(name: string): string {
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return `.${name}`;
  return `[${JSON.stringify(shortened(name))}]`;
}

/** A step to the value of a Map: by its key, if that can be written down, or by its place. */
export function mapStep(key: unknown, place: number): string {
  if (typeof key === "string") return `.get(${JSON.stringify(shortened(key))})`;
  const isPlain = typeof key === "number" || typeof key === "bigint" || typeof key === "boolean";
  return isPlain ? `.get(${String(key)})` : ` (value ${place} of the Map)`;
}

const NAME_LENGTH = 60;

function shortened(name: string): string {
  return name.length <= NAME_LENGTH ? name : `${name.slice(0, NAME_LENGTH)}…`;
}

/** Steps shown from each end of a very long way. */
const SHOWN_STEPS = 12;

/** The error for a state that has such a value; `root` is the name of the whole state. */
export function notStorable(root: string, { steps, what, remedy }: Trouble, cause?: unknown): SpotproofError {
  const way = steps.toReversed();
  const shown =
    way.length <= 2 * SHOWN_STEPS
      ? way
      : [...way.slice(0, SHOWN_STEPS), ` … (${way.length} steps) … `, ...way.slice(-SHOWN_STEPS)];
  return new SpotproofError(
    "state-not-storable",
    `${root}${shown.join("")} is ${what}. ${remedy}`,
    cause === undefined ? undefined : { cause },
  );
}
