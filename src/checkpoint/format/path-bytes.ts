import { isUtf8 } from "node:buffer";
import { damaged } from "./damage.ts";

/**
 * A path as the file system has it: bytes, each held as one character from U+0000 to U+00FF ("latin1"). Names need not
 * be UTF-8, and texts of this kind compare in the order of their bytes.
 */
export type PathBytes = string;

/** The bytes of a path, for system calls. */
export function pathBuffer(path: PathBytes): Buffer {
  return Buffer.from(path, "latin1");
}

/** For people. Bytes that are no UTF-8 become replacement characters. */
export function pathForPeople(path: PathBytes): string {
  return pathBuffer(path).toString("utf8");
}

/** A member of a JSON object: `"name":"…"` when the bytes are UTF-8, else `"nameBytes":"<base64>"`. */
export function pathMember(name: string, path: PathBytes): Readonly<Record<string, string>> {
  if (isAscii(path)) return { [name]: path };
  const bytes = pathBuffer(path);
  if (isUtf8(bytes)) return { [name]: bytes.toString("utf8") };
  return { [`${name}Bytes`]: bytes.toString("base64") };
}

/** @throws SpotproofError `checkpoint-damaged` when the object has neither member. */
export function pathFromMember(name: string, object: Readonly<Record<string, unknown>>): PathBytes {
  const text = object[name];
  if (typeof text === "string") return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
  const bytes = object[`${name}Bytes`];
  if (typeof bytes === "string") return Buffer.from(bytes, "base64").toString("latin1");
  throw damaged(`An entry of the file list has no ${name}.`);
}

/** @throws SpotproofError `checkpoint-damaged` when a path could lead out of the folder that it is relative to. */
export function refuseUnsafePath(path: PathBytes): void {
  if (path === "") return; // the folder itself
  const unsafe = path.split("/").some((segment) => segment === "" || segment === "." || segment === "..");
  if (unsafe || path.includes("\0")) throw damaged(`The path "${pathForPeople(path)}" is not allowed.`);
}

/** The path of the folder that an entry lies in; the empty path is the checkpoint folder itself. */
export function parentPath(path: PathBytes): PathBytes {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) > 127) return false;
  }
  return true;
}
