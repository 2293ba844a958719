import { join } from "node:path";
import { SpotproofError } from "../../base/index.ts";
import { STORE_MARKER } from "../store-format.ts";
import type { StoreKey } from "../store.ts";

/** Below the store's folder: half-written files. Its content is no object. */
export const TEMPORARY_FOLDER = "tmp";

const SEGMENT = /^[A-Za-z0-9._-]+$/;

/**
 * The path of an object's file.
 * @throws SpotproofError `internal` when the key is not one, or is kept for the store itself.
 */
export function pathOfKey(root: string, key: StoreKey): string {
  return join(root, ...segmentsOf(key, key));
}

/**
 * The folder that holds everything below a prefix.
 * @throws SpotproofError `internal` when the prefix is neither empty nor ends in `/`.
 */
export function pathOfPrefix(root: string, prefix: string): string {
  if (prefix === "") return root;
  if (!prefix.endsWith("/")) throw new SpotproofError("internal", `"${prefix}" is no prefix of keys.`);
  return join(root, ...segmentsOf(prefix.slice(0, -1), prefix));
}

function segmentsOf(path: string, shown: string): readonly string[] {
  const segments = path.split("/");
  const [first] = segments;
  const bad = segments.some((segment) => !SEGMENT.test(segment) || segment === "." || segment === "..");
  if (bad || first === TEMPORARY_FOLDER || first === STORE_MARKER) {
    throw new SpotproofError("internal", `"${shown}" cannot be the key of an object.`);
  }
  return segments;
}
