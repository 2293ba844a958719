import type { Stats } from "node:fs";
import fs from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { SpotproofError, formatBytes, reasonOf, systemErrorCode } from "../../base/index.ts";
import { type FolderState, fileState } from "./left-behind.ts";
import type { CopyLimit, SharedFolder } from "./machine.ts";
import { isReadOnlyFolder } from "./unmissed-names.ts";
import {
  type FolderVisitor,
  type WalkedEntry,
  isGone,
  isUnreadable,
  readableName,
  walkFolder,
} from "./walk-folder.ts";

/** The machine's copy of the working folder is too large beyond this. */
export const DEFAULT_COPY_LIMIT: CopyLimit = { bytes: 2 * 1024 ** 3, files: 200_000 };

/** What of a folder of the user is copied. */
export interface CopyOrder {
  /** Of a working folder, packages of tools and the history of the source are seen, not copied. */
  readonly kind: "working folder" | "shared folder";
  /** The user's folder, without links in its path. */
  readonly source: string;
  /** Absolute paths that are not copied. */
  readonly left: ReadonlySet<string>;
  readonly limit: CopyLimit;
  /** The user's home folder, when it is known: the error of too large a folder speaks of it. */
  readonly home: string | undefined;
}

/** The same without what machines share: that is copied once for all of them. */
export function withoutShared(order: CopyOrder, shared: readonly SharedFolder[]): CopyOrder {
  return { ...order, left: new Set([...order.left, ...shared.map(({ path }) => path)]) };
}

/** What came of a copy. */
export interface CopiedFolder {
  readonly state: FolderState;
  /** Folders that are not copied but seen from the user's own: relative, as bytes in latin1. */
  readonly readOnly: readonly string[];
  /** What could not be read, so that the copy does not have it. */
  readonly unreadable: readonly string[];
}

/**
 * Looks whether the folder may be copied, so that a rehearsal says so before it begins.
 * @returns The folders that are not copied but seen from the user's own, relative.
 * @throws SpotproofError `bad-usage` when it is larger than the limit, or the whole disk.
 */
export async function surveyFolder(order: CopyOrder): Promise<{ readonly readOnly: readonly string[] }> {
  if (order.source === "/") throw tooLarge(order);
  const count = countUpTo(order);
  const readOnly: string[] = [];
  const visitor: FolderVisitor = {
    file: (entry) => {
      if (!isLeft(order, entry)) count(entry);
    },
    folder: async (entry) => {
      if (isLeft(order, entry)) return undefined;
      if (await isSeenFromUser(order, entry)) {
        readOnly.push(readableName(entry.key));
        return undefined;
      }
      count(entry);
      return async () => undefined;
    },
    unreadable: () => undefined,
  };
  await walkFolder(order.source, visitor);
  return { readOnly };
}

/**
 * Copies the folder into `target`, which exists and is empty: copy-on-write where the file system can, with modes and
 * times. Links stay links; with `relink` those that would lead astray from another place are written anew: an absolute
 * one into the folder leads into the copy, a relative one out of it to where it led.
 * @throws SpotproofError `bad-usage` when it is larger than the limit or cannot be read, `disk-full`.
 */
export async function copyFolder(order: CopyOrder, target: string, relink: boolean): Promise<CopiedFolder> {
  const count = countUpTo(order);
  const state = new Map<string, string>();
  const readOnly: string[] = [];
  const unreadable: string[] = [];
  const targetOf = (key: string): Buffer =>
    Buffer.from(`${Buffer.from(target).toString("latin1")}/${key}`, "latin1");
  const visitor: FolderVisitor = {
    async file(entry) {
      if (isLeft(order, entry)) return;
      count(entry);
      const path = targetOf(entry.key);
      await unlessUnreadable(entry.key, unreadable, async () => {
        if (entry.stat.isSymbolicLink()) await copyLink(order.source, target, entry, path, relink);
        else if (entry.stat.isFile()) state.set(entry.key, await copyFile(entry, path));
      });
    },
    async folder(entry) {
      if (isLeft(order, entry)) return undefined;
      const path = targetOf(entry.key);
      if (await isSeenFromUser(order, entry)) {
        readOnly.push(entry.key);
        await (relink ? fs.symlink(entry.path, path) : fs.mkdir(path));
        return undefined;
      }
      count(entry);
      await fs.mkdir(path);
      return () => keepMetadata(path, entry.stat);
    },
    unreadable: (key) => unreadable.push(key),
  };
  try {
    await walkFolder(order.source, visitor);
    await keepMetadata(Buffer.from(target), await fs.stat(order.source));
  } catch (error) {
    throw copyError(error, order, target);
  }
  return { state, readOnly, unreadable };
}

function isLeft(order: CopyOrder, entry: WalkedEntry): boolean {
  return order.left.has(entry.path.toString());
}

async function isSeenFromUser(order: CopyOrder, entry: WalkedEntry): Promise<boolean> {
  if (order.kind !== "working folder" || !isReadOnlyFolder(entry.name, () => true)) return false;
  const names = await fs.readdir(entry.path).catch((error: unknown): string[] => {
    if (isGone(error) || isUnreadable(error)) return [];
    throw error;
  });
  return isReadOnlyFolder(entry.name, (file) => names.includes(file));
}

/** A counter that throws when there is too much. */
function countUpTo(order: CopyOrder): (entry: WalkedEntry) => void {
  let bytes = 0;
  let files = 0;
  return ({ stat }) => {
    files += 1;
    if (stat.isFile()) bytes += stat.size;
    if (bytes > order.limit.bytes || files > order.limit.files) throw tooLarge(order);
  };
}

function tooLarge({ kind, source, limit, home }: CopyOrder): SpotproofError {
  const which = source === "/" ? " (the whole computer)" : source === home ? " (your home folder)" : "";
  const much = `holds more than ${formatBytes(limit.bytes)} or ${limit.files.toLocaleString("en")} files`;
  const advice = "name large folders that the job only reads with --input <folder>: they are not copied";
  return new SpotproofError(
    "bad-usage",
    kind === "working folder"
      ? `Every machine of a rehearsal gets its own copy of the working folder, and ${source}${which} ${much}. Start in the folder of the job alone, or ${advice}.`
      : `Every job of a rehearsal gets its own copy of a shared folder (--shared), and ${source}${which} ${much}. Share only the folder into which the job writes, and ${advice}.`,
  );
}

async function copyFile(entry: WalkedEntry, path: Buffer): Promise<string> {
  await fs.copyFile(entry.path, path, fs.constants.COPYFILE_FICLONE);
  await keepMetadata(path, entry.stat);
  return fileState(await fs.lstat(path));
}

async function keepMetadata(path: Buffer, stat: Stats): Promise<void> {
  // A change of owner takes away the bits of a mode that are set after it.
  if (process.getuid?.() === 0) await fs.chown(path, stat.uid, stat.gid);
  await fs.chmod(path, stat.mode & 0o7777);
  await fs.utimes(path, stat.atimeMs / 1000, stat.mtimeMs / 1000);
}

async function copyLink(
  source: string,
  target: string,
  entry: WalkedEntry,
  path: Buffer,
  relink: boolean,
): Promise<void> {
  const leadsTo = await fs.readlink(entry.path, "buffer");
  await fs.symlink(
    relink ? relinked(leadsTo.toString(), source, target, entry.path.toString()) : leadsTo,
    path,
  );
}

function relinked(leadsTo: string, source: string, target: string, link: string): string {
  const end = resolve(dirname(link), leadsTo);
  const inside = relative(source, end);
  if (inside === ".." || inside.startsWith("../")) return end;
  return isAbsolute(leadsTo) ? join(target, inside) : leadsTo;
}

async function unlessUnreadable(key: string, unreadable: string[], copy: () => Promise<void>): Promise<void> {
  try {
    await copy();
  } catch (error) {
    if (isUnreadable(error)) unreadable.push(key);
    else if (!isGone(error)) throw error;
  }
}

function copyError(error: unknown, { kind, source }: CopyOrder, target: string): unknown {
  if (error instanceof SpotproofError) return error;
  if (isFull(error)) {
    return new SpotproofError(
      "disk-full",
      `The ${kind} ${source} could not be copied for a machine to ${target}: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
  return new SpotproofError(
    "bad-usage",
    `The ${kind} ${source} could not be copied for a machine to ${target}: ${reasonOf(error)}. Use a folder that can be read.`,
    { cause: error },
  );
}

/** Whether an error says that there is no room on the disk, or no more for this user. */
export function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemErrorCode(error) ?? "");
}
