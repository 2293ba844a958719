import { Buffer } from "node:buffer";
import { inspect, types } from "node:util";
import { constructorOfKind, kindOfView } from "./view-kinds.ts";

// Listing the own names of a long array makes a string of every index. `inspect` lists all but the indices, as no other
// call does: a text like that of an array with elements alone says that there is nothing else. It costs some
// microseconds, whatever the length.

/** From this length on, `inspect` costs less than the list of names. */
const LONG = 48;

const NO_ELEMENTS = {
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  getters: false,
  breakLength: Infinity,
};
const HIDDEN_TOO = { ...NO_ELEMENTS, showHidden: true };

/**
 * Whether an array has properties beside its elements: symbols or named ones, enumerable or not.
 * One with holes may answer true without having any.
 */
export function mayHaveMore(array: readonly unknown[]): boolean {
  if (array.length >= LONG) return withoutCounts(inspect(array, HIDDEN_TOO)) !== bareArray;
  const names = Object.getOwnPropertyNames(array).length;
  return names !== array.length + 1 || Object.getOwnPropertySymbols(array).length > 0;
}

/** Whether a view has properties beside its elements, but for named ones that are not enumerable on a long one. */
export function viewHasMore(view: NodeJS.ArrayBufferView): boolean {
  if (types.isDataView(view)) return hasMoreThan(view, 0);
  const { length } = view;
  if (length < LONG) return hasMoreThan(view, length);
  if (Object.getOwnPropertySymbols(view).length > 0) return true;
  return withoutCounts(inspect(view, NO_ELEMENTS)) !== bareView(view);
}

/** Whether an object has more own properties than `expected`. */
export function hasMoreThan(value: object, expected: number): boolean {
  return (
    Object.getOwnPropertyNames(value).length > expected || Object.getOwnPropertySymbols(value).length > 0
  );
}

const withoutCounts = (text: string): string => text.replaceAll(/\d+/g, "");
const bareArray = withoutCounts(inspect([0, 0], HIDDEN_TOO));
const bareViews = new Map<number, string>();

/** What `inspect` says about a view of the same kind that has nothing but elements. */
function bareView(view: NodeJS.ArrayBufferView): string {
  const kind = Buffer.isBuffer(view) ? -1 : (kindOfView(view) ?? -1);
  const known = bareViews.get(kind);
  if (known !== undefined) return known;
  const Constructor = constructorOfKind(kind);
  const bare = Constructor === undefined ? Buffer.alloc(2) : new Constructor(new ArrayBuffer(16), 0, 2);
  const text = withoutCounts(inspect(bare, NO_ELEMENTS));
  bareViews.set(kind, text);
  return text;
}
