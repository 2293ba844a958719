import { Buffer } from "node:buffer";
import { types } from "node:util";
import { hasMoreThan, viewHasMore } from "./own-names.ts";
import { type Trouble, instanceTrouble, propertyStep, trouble } from "./trouble.ts";
import { viewName } from "./view-kinds.ts";

const ERROR_NAMES = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
];
/** What is kept of an error. */
const ERROR_PROPERTIES: ReadonlySet<string> = new Set(["message", "stack", "cause"]);

/** Whether a prototype is that of objects in braces, also of another realm (`node:vm`, as test runners use it). */
export function isPlainPrototype(prototype: unknown): boolean {
  if (prototype === Object.prototype) return true;
  return (
    typeof prototype === "object" &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    isNativeOf(prototype, "Object")
  );
}

/** Whether an object has the prototype of a built-in kind itself, not that of a class made from it. */
export function hasNativePrototype(value: object, name: string): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== "object" || prototype === null) return false;
  return prototype === nativePrototypes.get(name) || isNativeOf(prototype, name);
}

const nativePrototypes: ReadonlyMap<string, unknown> = new Map(
  ["Array", "Map", "Set", "Date", "RegExp", "ArrayBuffer", "DataView", ...ERROR_NAMES].map((name) => [
    name,
    (globalThis as unknown as Readonly<Record<string, { readonly prototype: unknown }>>)[name]?.prototype,
  ]),
);

function isNativeOf(prototype: object, name: string): boolean {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return (
    typeof maker === "function" &&
    Function.prototype.toString.call(maker) === `function ${name}() { [native code] }`
  );
}

/**
 * What is wrong with an object that is neither plain nor an array. Contents of Maps and Sets and the cause of an error
 * are looked at by the walk, not here.
 */
export function troubleOfBuiltIn(value: object): Trouble | undefined {
  if (types.isMap(value)) return expect(value, "Map", 0);
  if (types.isSet(value)) return expect(value, "Set", 0);
  if (types.isDate(value)) return expect(value, "Date", 0);
  if (types.isRegExp(value)) return expect(value, "RegExp", 1);
  if (types.isAnyArrayBuffer(value)) return troubleOfMemory(value);
  if (types.isArrayBufferView(value)) return troubleOfView(value);
  if (types.isNativeError(value)) return troubleOfErrorItself(value);
  if (types.isBoxedPrimitive(value)) return troubleOfBoxed(value);
  return instanceTrouble(value);
}

function expect(value: object, name: string, ownNames: number): Trouble | undefined {
  if (!hasNativePrototype(value, name)) return instanceTrouble(value);
  return hasMoreThan(value, ownNames) ? troubleOfExtra(name) : undefined;
}

function troubleOfExtra(name: string): Trouble {
  return trouble(
    `a ${name} with properties of its own beside its contents, which would be left out`,
    "Save them beside it, in a plain object.",
  );
}

function troubleOfMemory(memory: ArrayBufferLike): Trouble | undefined {
  if (types.isSharedArrayBuffer(memory)) {
    return trouble(
      "a SharedArrayBuffer, or a view on one, and could not be shared again after a restore",
      "Save a copy of it, such as `new Float64Array(shared)` of a view.",
    );
  }
  const found = expect(memory, "ArrayBuffer", 0);
  if (found !== undefined || memory.byteLength > 0 || !isDetached(memory)) return found;
  return trouble("a detached ArrayBuffer, or a view on one", "Save it where it was transferred to.");
}

function isDetached(memory: ArrayBuffer): boolean {
  try {
    return new Uint8Array(memory).byteLength > 0;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}

function troubleOfView(view: NodeJS.ArrayBufferView): Trouble | undefined {
  const isBuffer = Object.getPrototypeOf(view) === Buffer.prototype;
  if (!isBuffer && !hasNativePrototype(view, viewName(view))) return instanceTrouble(view);
  return troubleOfMemory(view.buffer) ?? (viewHasMore(view) ? troubleOfExtra(viewName(view)) : undefined);
}

function troubleOfErrorItself(error: Error): Trouble | undefined {
  if (!ERROR_NAMES.some((name) => hasNativePrototype(error, name))) return instanceTrouble(error);
  const extra = Object.getOwnPropertyNames(error).find((name) => !ERROR_PROPERTIES.has(name));
  const symbol = Object.getOwnPropertySymbols(error)[0];
  if (extra === undefined && symbol === undefined) return undefined;
  const found = trouble(
    "a property of an error, of which only name, message, stack and cause are kept",
    "Save what you need of the error in a plain object.",
  );
  found.steps.push(extra === undefined ? `[${String(symbol)}]` : propertyStep(extra));
  return found;
}

function troubleOfBoxed(value: object): Trouble | undefined {
  if (types.isStringObject(value)) return expect(value, "String", value.length + 1);
  if (types.isNumberObject(value)) return expect(value, "Number", 0);
  if (types.isBooleanObject(value)) return expect(value, "Boolean", 0);
  if (types.isBigIntObject(value)) return expect(value, "BigInt", 0);
  return instanceTrouble(value);
}
