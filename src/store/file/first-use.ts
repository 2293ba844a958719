import fs from "node:fs/promises";
import { dirname, join } from "node:path";
import { SpotproofError, systemErrorCode } from "../../base/index.ts";
import { STORE_MARKER, requireKnownFormat, storeMarker } from "../store-format.ts";
import { asStoreError } from "./file-errors.ts";
import { linkIfAbsent } from "./link-if-absent.ts";
import { makeFolderDurably, syncFolder } from "./folder-durability.ts";
import { TEMPORARY_FOLDER } from "./key-path.ts";
import { readObject } from "./object-reading.ts";
import { discard, temporaryPath, writeTemporary } from "./temporary-file.ts";

/**
 * Makes sure that a folder is a store that this program can use.
 * @throws SpotproofError as `openFileStore`
 */
export async function prepareStore(root: string, mode: "read" | "write"): Promise<void> {
  if (await markerIsGood(root)) return;
  if (mode === "read") return requireFolder(root);
  await makeRoot(root);
  await probe(root);
  await leaveMarker(root);
}

/** False when there is no marker. */
async function markerIsGood(root: string): Promise<boolean> {
  const path = join(root, STORE_MARKER);
  const content = await readObject(path).catch(async (error: unknown) => {
    // Says that the folder is a file, when it is; "not a directory" about a file in it would not.
    await requireFolder(root);
    throw error;
  });
  if (content === undefined) return false;
  requireKnownFormat(content, path);
  return true;
}

async function requireFolder(root: string): Promise<void> {
  try {
    if ((await fs.stat(root)).isDirectory()) return;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw asStoreError(error, { doing: "reading", path: root });
    throw new SpotproofError("store-unreachable", `There is no folder ${root}.`, { cause: error });
  }
  throw new SpotproofError("store-unreachable", `${root} is a file, not a folder.`);
}

async function makeRoot(root: string): Promise<void> {
  try {
    await makeFolderDurably(root);
    await fs.mkdir(join(root, TEMPORARY_FOLDER), { recursive: true });
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") await requireFolder(root);
    throw asStoreError(await withoutRecursion(error), { doing: "writing", path: root });
  }
}

/** On a read-only file system Node's recursive mkdir says "no such file", and the plain one says what is wrong. */
async function withoutRecursion(error: unknown): Promise<unknown> {
  const isMissing = systemErrorCode(error) === "ENOENT" && error instanceof Error && "path" in error;
  for (
    let folder = isMissing ? String(error.path) : "/";
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    try {
      await fs.mkdir(folder);
      return error;
    } catch (plain) {
      if (systemErrorCode(plain) === "EEXIST") return error;
      if (systemErrorCode(plain) !== "ENOENT") return plain;
    }
  }
  return error;
}

/** Two racing creates of one name: everything here rests on exactly one of them winning. */
async function probe(root: string): Promise<void> {
  const [one, two, contested] = [temporaryPath(root), temporaryPath(root), temporaryPath(root)];
  try {
    await Promise.all([writeTemporary(one, [Buffer.from("1")]), writeTemporary(two, [Buffer.from("2")])]);
    const results = await Promise.all([linkIfAbsent(one, contested), linkIfAbsent(two, contested)]);
    const winners = results.filter((result) => result === "created").length;
    if (winners === 1) return;
    throw new SpotproofError(
      "store-unsuitable",
      `Two processes tried to create the same file in ${dirname(contested)} at once, and ${winners === 0 ? "neither" : "both"} did.`,
    );
  } catch (error) {
    throw asStoreError(error, { doing: "linking", path: contested });
  } finally {
    await Promise.all([one, two, contested].map(discard));
  }
}

async function leaveMarker(root: string): Promise<void> {
  const temporary = temporaryPath(root);
  const path = join(root, STORE_MARKER);
  await writeTemporary(temporary, [storeMarker()]);
  try {
    const result = await linkIfAbsent(temporary, path);
    await syncFolder(root);
    // Another process was first; it may be of a newer version.
    if (result === "exists") await markerIsGood(root);
  } catch (error) {
    throw asStoreError(error, { doing: "linking", path });
  } finally {
    await discard(temporary);
  }
}
