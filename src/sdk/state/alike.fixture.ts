import { isDeepStrictEqual, types } from "node:util";

/**
 * Whether two values are the same to a program that cannot compare the objects of one with those of the other: NaN and
 * -0, holes, prototypes, order of properties and entries, and which references lead to the same object.
 */
export function alike(left: unknown, right: unknown, pairs = new Map<unknown, unknown>()): boolean {
  if (typeof left !== "object" || left === null || typeof right !== "object" || right === null) {
    return Object.is(left, right);
  }
  if (pairs.has(left)) return pairs.get(left) === right;
  pairs.set(left, right);
  pairs.set(right, left);
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  const same = (a: unknown, b: unknown): boolean => alike(a, b, pairs);
  if (types.isMap(left)) return same([...left].flat(1), [...(right as Map<unknown, unknown>)].flat(1));
  if (types.isSet(left)) return same([...left], [...(right as Set<unknown>)]);
  if (types.isArrayBufferView(left)) {
    const other = right as NodeJS.ArrayBufferView;
    if (Buffer.isBuffer(left)) return left.equals(other as Buffer);
    return (
      left.byteOffset === other.byteOffset &&
      same(left.buffer, other.buffer) &&
      left.byteLength === other.byteLength
    );
  }
  if (types.isArrayBuffer(left)) return Buffer.from(left).equals(Buffer.from(right as ArrayBuffer));
  if (types.isRegExp(left)) return sameExpression(left, right as RegExp);
  if (types.isDate(left) || types.isBoxedPrimitive(left)) return Object.is(left.valueOf(), right.valueOf());
  const names = Object.getOwnPropertyNames(left);
  if (!isDeepStrictEqual(names, Object.getOwnPropertyNames(right))) return false;
  const at = (owner: object, name: string): unknown => (owner as Readonly<Record<string, unknown>>)[name];
  return names.every((name) => same(at(left, name), at(right, name)));
}

function sameExpression(left: RegExp, right: RegExp): boolean {
  return String(left) === String(right) && left.lastIndex === right.lastIndex;
}
