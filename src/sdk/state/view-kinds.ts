/** A view on memory that is no Node.js Buffer. */
export type View = NodeJS.TypedArray | DataView;

type ViewConstructor = new (buffer: ArrayBuffer, byteOffset: number, length?: number) => View;

/**
 * What a view in the graph is: its number is the place in this list, which may only grow at its end.
 * `Buffer` stands twice: with its bytes in the graph, and with its bytes beside it.
 */
const NAMES = [
  "Buffer",
  "BufferBeside",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;

/** A Buffer whose bytes stand in the graph. */
export const BUFFER_INSIDE = NAMES.indexOf("Buffer");
/** A Buffer whose bytes stand beside the graph. */
export const BUFFER_BESIDE = NAMES.indexOf("BufferBeside");

/** The number of a view's kind in the graph; undefined for one that this version does not know. */
export function kindOfView(view: NodeJS.ArrayBufferView): number | undefined {
  const kind = NAMES.indexOf(viewName(view) as (typeof NAMES)[number]);
  return kind === -1 ? undefined : kind;
}

const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The name of a view's kind, such as `Float32Array`, by its brand, which no own property can disguise. */
export function viewName(view: NodeJS.ArrayBufferView): string {
  const name: unknown = Reflect.get(typedArrays, Symbol.toStringTag, view);
  return typeof name === "string" ? name : "DataView";
}

/** What makes views of a kind; undefined where this Node.js has none (`Float16Array` is younger than others). */
export function constructorOfKind(kind: number): ViewConstructor | undefined {
  if (kind === BUFFER_INSIDE || kind === BUFFER_BESIDE) return undefined;
  const name = NAMES[kind];
  if (name === undefined) return undefined;
  return (globalThis as unknown as Readonly<Record<string, ViewConstructor | undefined>>)[name];
}

/** The name of a kind, for messages. */
export function nameOfKind(kind: number): string {
  return NAMES[kind] ?? `view of kind ${kind}`;
}

/** Elements of a typed array, bytes of a DataView: what its constructor takes as the length. */
export function lengthOfView(view: NodeJS.ArrayBufferView): number {
  return "length" in view ? view.length : view.byteLength;
}
