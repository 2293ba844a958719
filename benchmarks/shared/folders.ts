import fs from "node:fs";
import { join } from "node:path";

const BLOCK_BYTES = 4 * 1024 * 1024;

/** Bytes of all files below a folder together; 0 when it is absent. */
export function folderBytes(folder: string): number {
  return filesBelow(folder).reduce((sum, path) => sum + fs.lstatSync(path).size, 0);
}

/** How many files there are below a folder. */
export function countFiles(folder: string): number {
  return filesBelow(folder).length;
}

/**
 * Makes sure that `copy` holds the same files as `original`: by every byte, or by their sizes only.
 * @throws Error that names the first file that differs
 */
export function requireSameFiles(original: string, copy: string, by: "bytes" | "sizes"): void {
  const [expected, found] = [original, copy].map((folder) =>
    filesBelow(folder).map((path) => path.slice(folder.length)),
  );
  if (expected?.join("\n") !== found?.join("\n"))
    throw new Error(`${copy} has other files than ${original}.`);
  for (const path of expected ?? []) {
    const [a, b] = [`${original}${path}`, `${copy}${path}`];
    const same = by === "bytes" ? haveSameBytes(a, b) : fs.statSync(a).size === fs.statSync(b).size;
    if (!same) throw new Error(`${b} differs from ${a}.`);
  }
}

function filesBelow(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

function haveSameBytes(a: string, b: string): boolean {
  const size = fs.statSync(a).size;
  if (size !== fs.statSync(b).size) return false;
  const files = [fs.openSync(a, "r"), fs.openSync(b, "r")] as const;
  try {
    const [left, right] = [Buffer.alloc(BLOCK_BYTES), Buffer.alloc(BLOCK_BYTES)];
    for (let at = 0; at < size; at += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, size - at);
      readFully(files[0], left, length, at);
      readFully(files[1], right, length, at);
      if (!left.subarray(0, length).equals(right.subarray(0, length))) return false;
    }
    return true;
  } finally {
    for (const file of files) fs.closeSync(file);
  }
}

function readFully(file: number, into: Buffer, length: number, position: number): void {
  for (let at = 0; at < length; ) {
    const bytesRead = fs.readSync(file, into, at, length - at, position + at);
    if (bytesRead === 0) throw new Error("A file became shorter while it was compared.");
    at += bytesRead;
  }
}
