import type { Stats } from "node:fs";
import fs from "node:fs/promises";
import { systemErrorCode } from "../../base/index.ts";

// Walks a tree by names as bytes, since a name need not be UTF-8; never follows a link.

const SLASH = Buffer.from("/");
/** How many files of a folder are looked at, or copied, at the same time. */
const AT_ONCE = 16;

/** Something that a walk comes by. */
export interface WalkedEntry {
  readonly path: Buffer;
  /** Relative to where the walk began, byte by byte as latin1. */
  readonly key: string;
  /** Its own name, for people: bytes that are not UTF-8 are replaced. */
  readonly name: string;
  readonly stat: Stats;
}

/** What is done on the way. */
export interface FolderVisitor {
  /** Every entry but folders that are entered. */
  file(entry: WalkedEntry): Promise<void> | void;
  /** Whether to go into this folder; `undefined` skips it. What is returned is called when its content is done. */
  folder(entry: WalkedEntry): Promise<(() => Promise<void>) | undefined>;
  /** An entry or the content of a folder cannot be read. */
  unreadable(key: string): void;
}

/** Appends a name to a path of bytes. */
export function joinBytes(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, SLASH, name]);
}

/** What a name of bytes, kept as latin1, looks like to people. */
export function readableName(key: string): string {
  return Buffer.from(key, "latin1").toString("utf8");
}

/** Whether a file or folder went away while it was looked at. */
export function isGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "");
}

/** Whether it cannot be looked at: not by this user, or not by a path so long. */
export function isUnreadable(error: unknown): boolean {
  return ["EACCES", "EPERM", "ENAMETOOLONG"].includes(systemErrorCode(error) ?? "");
}

/** Calls `action` for each item, a few at the same time. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  action: (item: Item) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    // All settle before an error goes on: nothing may be writing while what was copied is removed.
    const results = await Promise.allSettled(items.slice(from, from + AT_ONCE).map(action));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}

/** Walks everything in `root`, folders before what is in them. What vanishes meanwhile is passed over. */
export async function walkFolder(root: string, visitor: FolderVisitor): Promise<void> {
  await walkInto(Buffer.from(root), "", visitor);
}

async function walkInto(folder: Buffer, folderKey: string, visitor: FolderVisitor): Promise<void> {
  const names = await unlessGone(folderKey, visitor, () => fs.readdir(folder, "buffer"));
  const folders: WalkedEntry[] = [];
  await forEachAtOnce(names ?? [], async (name) => {
    const path = joinBytes(folder, name);
    const key = folderKey === "" ? name.toString("latin1") : `${folderKey}/${name.toString("latin1")}`;
    const stat = await unlessGone(key, visitor, () => fs.lstat(path));
    if (stat === undefined) return;
    const entry: WalkedEntry = { path, key, name: name.toString("utf8"), stat };
    if (stat.isDirectory()) folders.push(entry);
    else await visitor.file(entry);
  });
  for (const entry of folders) {
    const leave = await visitor.folder(entry);
    if (leave === undefined) continue;
    await walkInto(entry.path, entry.key, visitor);
    await leave();
  }
}

async function unlessGone<Found>(
  key: string,
  visitor: FolderVisitor,
  look: () => Promise<Found>,
): Promise<Found | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isUnreadable(error)) visitor.unreadable(key);
    else if (!isGone(error)) throw error;
    return undefined;
  }
}
