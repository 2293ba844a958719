import fs from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../base/index.ts";
import { STORE_MARKER } from "../store-format.ts";
import type { ByteRange, StoredObject } from "../store.ts";
import { asStoreError } from "./file-errors.ts";
import { TEMPORARY_FOLDER } from "./key-path.ts";

/** NFS says so when the file was replaced between looking it up and reading it. */
const TRIES_WHEN_STALE = 5;

/** The content of a file or a part of it; undefined when there is none. */
export async function readObject(
  path: string,
  range?: ByteRange,
  into?: Buffer,
): Promise<Buffer | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await readOnce(path, range, into);
    } catch (error) {
      const system = systemErrorCode(error);
      if (system === "ENOENT") return undefined;
      if (system === "ESTALE" && tries < TRIES_WHEN_STALE) continue;
      throw asStoreError(error, { doing: "reading", path });
    }
  }
}

async function readOnce(path: string, range?: ByteRange, into?: Buffer): Promise<Buffer> {
  const handle = await fs.open(path, "r");
  try {
    const { size } = await handle.stat();
    const begin = Math.min(range?.offset ?? 0, size);
    const end = range === undefined ? size : Math.min(begin + range.length, size);
    const length = end - begin;
    const content =
      into !== undefined && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < content.length) {
      const { bytesRead } = await handle.read(content, filled, content.length - filled, begin + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return content.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** All objects below a folder, unsorted. */
export async function objectsBelow(folder: string, prefix: string): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  const entries = await entriesOf(folder, prefix);
  for (let begin = 0; begin < entries.length; begin += 32) {
    const part = entries.slice(begin, begin + 32);
    const lists = await Promise.all(part.map((entry) => objectsAt(folder, prefix, entry)));
    for (const list of lists) found.push(...list);
  }
  return found;
}

async function objectsAt(
  folder: string,
  prefix: string,
  entry: FolderEntry,
): Promise<readonly StoredObject[]> {
  const path = join(folder, entry.name);
  if (entry.isFolder) return objectsBelow(path, `${prefix}${entry.name}/`);
  try {
    return [{ key: `${prefix}${entry.name}`, sizeBytes: (await fs.stat(path)).size }];
  } catch (error) {
    // Removed since the folder was read: as if the listing had begun a moment later.
    if (systemErrorCode(error) === "ENOENT") return [];
    throw asStoreError(error, { doing: "listing", path });
  }
}

/** The names of the folders directly below a folder, unsorted. */
export async function foldersIn(folder: string, prefix: string): Promise<readonly string[]> {
  const entries = await entriesOf(folder, prefix);
  return entries.filter((entry) => entry.isFolder).map((entry) => entry.name);
}

interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

async function entriesOf(folder: string, prefix: string): Promise<readonly FolderEntry[]> {
  try {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => prefix !== "" || (entry.name !== TEMPORARY_FOLDER && entry.name !== STORE_MARKER))
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw asStoreError(error, { doing: "listing", path: folder });
  }
}
