import { SpotproofError } from "../base/index.ts";
import type { StoreKey } from "./store.ts";

const KEY = /^(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)*$/;

/** Whether it can be the key of an object. */
export function isKey(key: string): boolean {
  return KEY.test(key);
}

/** @throws SpotproofError `internal` when it cannot be the key of an object: a mistake of the caller, not of a user. */
export function requireKey(key: StoreKey): void {
  if (!isKey(key)) throw new SpotproofError("internal", `"${key}" cannot be the key of an object.`);
}

/** @throws SpotproofError `internal` when it is no prefix of keys: empty, or a key and a slash. */
export function requirePrefix(prefix: string): void {
  if (prefix === "" || (prefix.endsWith("/") && KEY.test(prefix.slice(0, -1)))) return;
  throw new SpotproofError("internal", `"${prefix}" is no prefix of keys.`);
}
