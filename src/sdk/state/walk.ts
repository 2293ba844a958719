import { types } from "node:util";
import { mayHaveMore } from "./own-names.ts";
import { type Trouble, instanceTrouble, mapStep, notStorable, propertyStep, trouble } from "./trouble.ts";
import { hasNativePrototype, isPlainPrototype, troubleOfBuiltIn } from "./built-ins.ts";

/**
 * Levels that a state may be nested. V8 writes some 4,000 with its usual stack, but reads fewer than 2,000: what nobody
 * could read again must not be saved.
 */
export const MAX_LEVELS = 1_000;

/** Absent elements of an array in a row after which only those that exist are looked for. */
const HOLES_IN_A_ROW = 1_000;

/** What a walk through a state has seen. */
export interface Walk {
  /** Objects, elements and entries that were looked at. */
  nodes: number;
  /** False when the limit ended the walk early: nothing is known about the rest. */
  complete: boolean;
  /** ArrayBuffers that stand in the state themselves, not only under a view. */
  readonly memories: Set<ArrayBuffer>;
  /** Objects without a prototype: structured cloning alone would give them one. */
  readonly bare: Set<object>;
  /** Regular expressions that stand in the middle of a text (`lastIndex`), which structured cloning forgets. */
  readonly expressions: Set<RegExp>;
}

interface Walking extends Walk {
  readonly limit: number;
  /** Objects that lead to further objects. Those that do not are cheaper to see twice than to remember. */
  readonly seen: Set<object>;
}

/**
 * Looks through a state for whatever would not come back as it is. No code of the program runs.
 * @param limit nodes after which the walk ends, `Infinity` for all
 * @param root the name of the whole, for messages
 * @throws SpotproofError `state-not-storable`, with the way to the value
 */
export function walkState(state: unknown, limit: number, root: string): Walk {
  const walk: Walking = {
    nodes: 0,
    complete: true,
    memories: new Set(),
    bare: new Set(),
    expressions: new Set(),
    limit,
    seen: new Set(),
  };
  const found = troubleOf(walk, state, 0);
  if (found !== undefined) throw notStorable(root, found);
  return walk;
}

function troubleOf(walk: Walking, value: unknown, level: number): Trouble | undefined {
  if (typeof value === "object") return value === null ? undefined : troubleOfObject(walk, value, level);
  if (typeof value === "function") return trouble("a function");
  if (typeof value === "symbol") return trouble("a symbol", "Save its description, as a string.");
  return undefined;
}

function troubleOfObject(walk: Walking, value: object, level: number): Trouble | undefined {
  if (!countNode(walk)) return undefined;
  if (types.isProxy(value)) return trouble("a Proxy", "Save the object behind it.");
  if (level > MAX_LEVELS) {
    return trouble(
      `nested more than ${MAX_LEVELS} levels deep`,
      "Save long chains as an array, whose elements name each other by their index.",
    );
  }
  if (Array.isArray(value)) return troubleOfArray(walk, value, level);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) walk.bare.add(value);
  if (prototype === null || isPlainPrototype(prototype)) return troubleOfProperties(walk, value, level);
  if (types.isMap(value)) return troubleOfMap(walk, value, level);
  if (types.isSet(value)) return troubleOfSet(walk, value, level);
  if (types.isNativeError(value)) return troubleOfError(walk, value, level);
  if (types.isRegExp(value) && value.lastIndex !== 0) walk.expressions.add(value);
  if (types.isArrayBuffer(value)) walk.memories.add(value);
  return troubleOfBuiltIn(value);
}

/** Counts one more; false when the limit is reached. */
function countNode(walk: Walking): boolean {
  if (walk.nodes >= walk.limit) walk.complete = false;
  else walk.nodes += 1;
  return walk.complete;
}

/** Whether an object that leads to others is met for the first time. */
function isNew(walk: Walking, value: object): boolean {
  const before = walk.seen.size;
  return walk.seen.add(value).size > before;
}

function at(step: string, found: Trouble): Trouble {
  found.steps.push(step);
  return found;
}

function troubleOfArray(walk: Walking, array: readonly unknown[], level: number): Trouble | undefined {
  if (!hasNativePrototype(array, "Array")) return instanceTrouble(array);
  let leadsOn = false;
  let absent = 0;
  for (let index = 0; index < array.length; index += 1) {
    if (!countNode(walk)) return undefined;
    const value = array[index];
    if (typeof value === "object" && value !== null) {
      if (!leadsOn && !isNew(walk, array)) return undefined;
      leadsOn = true;
      const found = troubleOfObject(walk, value, level + 1);
      if (found !== undefined) return at(`[${index}]`, found);
    } else if (typeof value === "function" || typeof value === "symbol") {
      const found = troubleOf(walk, value, level);
      if (found !== undefined) return at(`[${index}]`, found);
    }
    absent = value === undefined ? absent + 1 : 0;
    if (absent === HOLES_IN_A_ROW && !(index in array)) return troubleOfProperties(walk, array, level);
  }
  return mayHaveMore(array) ? troubleOfProperties(walk, array, level) : undefined;
}

/** Looks at the own properties of a plain object; of an array, at those that exist, elements or not. */
function troubleOfProperties(walk: Walking, owner: object, level: number): Trouble | undefined {
  const isArray = Array.isArray(owner);
  let leadsOn = isArray;
  for (const name of Object.getOwnPropertyNames(owner)) {
    if (isArray && name === "length") continue;
    const property = Object.getOwnPropertyDescriptor(owner, name);
    if (property === undefined) continue;
    const value: unknown = property.value;
    if (typeof value === "object" && value !== null) {
      if (!leadsOn && !isNew(walk, owner)) return undefined;
      leadsOn = true;
    }
    const found = troubleOfProperty(property) ?? troubleOf(walk, value, level + 1);
    if (found !== undefined)
      return at(isArray && /^\d+$/.test(name) ? `[${name}]` : propertyStep(name), found);
  }
  const symbol = Object.getOwnPropertySymbols(owner)[0];
  if (symbol === undefined) return undefined;
  return at(`[${String(symbol)}]`, trouble("a property under a symbol", "Give it a name that is a string."));
}

function troubleOfProperty(property: PropertyDescriptor): Trouble | undefined {
  if (property.get !== undefined || property.set !== undefined) {
    return trouble("an accessor (get or set), and would come back as a fixed value");
  }
  return property.enumerable === true
    ? undefined
    : trouble("a property that is not enumerable, and would be left out");
}

function troubleOfMap(walk: Walking, map: ReadonlyMap<unknown, unknown>, level: number): Trouble | undefined {
  if (!isNew(walk, map)) return undefined;
  let place = 0;
  for (const [key, value] of map) {
    if (!countNode(walk)) return undefined;
    const inKey = troubleOf(walk, key, level + 1);
    if (inKey !== undefined) return at(` (key ${place} of the Map)`, inKey);
    const inValue = troubleOf(walk, value, level + 1);
    if (inValue !== undefined) return at(mapStep(key, place), inValue);
    place += 1;
  }
  return troubleOfBuiltIn(map);
}

function troubleOfSet(walk: Walking, set: ReadonlySet<unknown>, level: number): Trouble | undefined {
  if (!isNew(walk, set)) return undefined;
  let place = 0;
  for (const value of set) {
    if (!countNode(walk)) return undefined;
    const found = troubleOf(walk, value, level + 1);
    if (found !== undefined) return at(` (value ${place} of the Set)`, found);
    place += 1;
  }
  return troubleOfBuiltIn(set);
}

function troubleOfError(walk: Walking, error: Error, level: number): Trouble | undefined {
  if (!isNew(walk, error)) return undefined;
  const cause = Object.getOwnPropertyDescriptor(error, "cause");
  const found = cause === undefined ? undefined : troubleOf(walk, cause.value, level + 1);
  return found === undefined ? troubleOfBuiltIn(error) : at(".cause", found);
}
