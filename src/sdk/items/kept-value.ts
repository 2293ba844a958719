import { deserialize, serialize } from "node:v8";
import { SpotproofError, reasonOf } from "../../base/index.ts";

// How a result stands in the record: as JSON where that loses nothing, otherwise as V8's structured clone.

/** How the bytes of a value are to be read; these numbers are part of the format. */
export const Encoding = { undefined: 0, json: 1, v8: 2 } as const;

/** A value on its way into the record. */
export type EncodedValue =
  | { readonly encoding: typeof Encoding.undefined }
  | { readonly encoding: typeof Encoding.json; readonly text: string }
  | { readonly encoding: typeof Encoding.v8; readonly bytes: Uint8Array };

/** Deeper or larger values are left to V8, which also knows of cycles. */
const DEEPEST = 32;
const MOST_PARTS = 2_000;

const NOTHING: EncodedValue = { encoding: Encoding.undefined };

/** @throws what `structuredClone` throws: functions, for example, cannot be kept */
export function encodeValue(value: unknown): EncodedValue {
  if (value === undefined) return NOTHING;
  if (isJsonSafe(value)) return { encoding: Encoding.json, text: JSON.stringify(value) };
  return { encoding: Encoding.v8, bytes: serialize(value) };
}

/** @throws SpotproofError `record-damaged` when the bytes are no such value */
export function decodeValue(encoding: number, bytes: Buffer): unknown {
  try {
    if (encoding === Encoding.undefined) return undefined;
    if (encoding === Encoding.json) return JSON.parse(bytes.toString("utf8")) as unknown;
    if (encoding === Encoding.v8) return deserialize(Buffer.from(bytes)) as unknown;
  } catch (error) {
    throw new SpotproofError("record-damaged", `A result of an item cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  throw new SpotproofError("record-damaged", `A result of an item has the unknown encoding ${encoding}.`);
}

/** Whether `JSON.parse(JSON.stringify(value))` is what a structured clone of the value would be. */
function isJsonSafe(value: unknown): boolean {
  return isPrimitiveSafe(value) ?? new JsonCheck().holds(value as object, 0);
}

function isPrimitiveSafe(value: unknown): boolean | undefined {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value === "object") return value === null ? true : undefined;
  return typeof value === "string" || typeof value === "boolean";
}

class JsonCheck {
  #parts = 0;

  holds(value: object, depth: number): boolean {
    if (depth > DEEPEST) return false;
    if (Array.isArray(value) ? !isPlainArray(value) : !isPlainObject(value)) return false;
    for (const part of Object.values(value) as unknown[]) {
      this.#parts += 1;
      if (this.#parts > MOST_PARTS) return false;
      if (!(isPrimitiveSafe(part) ?? this.holds(part as object, depth + 1))) return false;
    }
    return true;
  }
}

/** Without holes, and without properties beside its elements. */
function isPlainArray(value: readonly unknown[]): boolean {
  if (value.length > MOST_PARTS) return false;
  return Object.getPrototypeOf(value) === Array.prototype && Object.keys(value).length === value.length;
}

function isPlainObject(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && !("toJSON" in value);
}
