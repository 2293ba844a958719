// A hash of 32 bits by which an item is recognised at its place in the source. It costs little: long texts and large
// objects are looked at in part. It tells a changed source, it does not tell items apart.

/** The first and the last so many units of a text are looked at. */
const END_UNITS = 128;
const MOST_MEMBERS = 16;
const DEEPEST = 3;

/** A whole number from 1 to 2^32 - 1. */
export function fingerprintOf(item: unknown): number {
  let mixed = mix(0x811c9dc5, item, 0);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0 || 1;
}

function mix(state: number, value: unknown, depth: number): number {
  switch (typeof value) {
    case "string":
      return mixText(step(state, 1), value);
    case "number":
      return Number.isInteger(value) && Math.abs(value) < 2 ** 31
        ? step(step(state, 2), value)
        : mixText(step(state, 2), String(value));
    case "boolean":
      return step(state, value ? 3 : 4);
    case "bigint":
      return mixText(step(state, 5), String(value));
    case "object":
      return value === null ? step(state, 6) : mixObject(state, value, depth);
    case "undefined":
    case "function":
    case "symbol":
    default:
      return step(state, 7);
  }
}

function mixText(state: number, text: string): number {
  const { length } = text;
  let mixed = step(state, length);
  if (length <= 2 * END_UNITS) return mixUnits(mixed, text, 0, length);
  mixed = mixUnits(mixed, text, 0, END_UNITS);
  return mixUnits(mixed, text, length - END_UNITS, length);
}

function mixUnits(state: number, text: string, start: number, end: number): number {
  let mixed = state;
  for (let at = start; at < end; at += 1) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  return mixed;
}

/** Members of plain objects and arrays; of everything else only that it is an object, for what it holds may be its own affair. */
function mixObject(state: number, value: object, depth: number): number {
  if (value instanceof Date) return mixText(step(state, 8), String(value.getTime()));
  if (ArrayBuffer.isView(value)) return mixBytes(step(state, 9), value);
  const isArray = Array.isArray(value);
  if (depth >= DEEPEST || (!isArray && !isPlain(value))) return step(state, 10);
  const keys = Object.keys(value);
  let mixed = step(step(state, isArray ? 11 : 12), keys.length);
  for (const key of keys.slice(0, MOST_MEMBERS)) {
    mixed = mix(mixText(mixed, key), (value as Readonly<Record<string, unknown>>)[key], depth + 1);
  }
  return mixed;
}

function mixBytes(state: number, view: ArrayBufferView): number {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, Math.min(view.byteLength, 2 * END_UNITS));
  return bytes.reduce(step, step(state, view.byteLength));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function step(state: number, value: number): number {
  let mixed = state;
  for (let rest = value | 0, byte = 0; byte < 4; byte += 1, rest >>>= 8) {
    mixed = Math.imul(mixed ^ (rest & 255), 0x01000193);
  }
  return mixed;
}
