import type { Stats } from "node:fs";
import fs from "node:fs/promises";
import type { LeftFile } from "./machine.ts";
import { isUnmissed } from "./unmissed-names.ts";
import { isUnreadable, isGone, readableName, walkFolder } from "./walk-folder.ts";

/** The files of a folder as they were: by relative path (bytes in latin1), what `fileState` said. */
export type FolderState = ReadonlyMap<string, string>;

/** At most so many are named. */
const NAMED_AT_MOST = 300;

/** What changes when a file is written: another size, another time, or another file in its place. */
export function fileState(stat: Stats): string {
  return `${stat.size} ${stat.mtimeMs} ${stat.ino}`;
}

/** A folder of a machine in which something may have been left. */
export interface LeftPlace {
  /** On this computer. */
  readonly folder: string;
  /** What stands before a relative path so that it is as the job saw it; empty in the working folder. */
  readonly prefix: string;
  readonly where: LeftFile["where"];
  /** What was there when the machine began. */
  readonly before: FolderState;
  /** It is not wiped afterwards: rights are left as they are. */
  readonly keepRights?: true | undefined;
}

/** Every file of a place that is new or changed and that somebody might miss. Folders that are closed are opened. */
export async function filesLeftIn(place: LeftPlace): Promise<readonly LeftFile[]> {
  const files: LeftFile[] = [];
  await walkFolder(place.folder, {
    file({ key, name, stat }) {
      if (!stat.isFile() || stat.size === 0 || isUnmissed(name)) return;
      if (place.before.get(key) === fileState(stat)) return;
      files.push({
        path: `${place.prefix}${readableName(key)}`,
        where: place.where,
        bytes: stat.size,
        wiped: true,
      });
    },
    async folder({ path, name, stat }) {
      if (isUnmissed(name)) return undefined;
      // What is in it is wiped next; nobody reads it any more but us.
      if (place.keepRights === undefined && (stat.mode & 0o700) !== 0o700) await makeReadable(path);
      return async () => undefined;
    },
    unreadable: () => undefined,
  });
  return files;
}

/** Sorted, and no more than people read. */
export function firstLeft(files: readonly LeftFile[]): {
  readonly files: readonly LeftFile[];
  readonly moreFiles: number;
} {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return {
    files: sorted.slice(0, NAMED_AT_MOST),
    moreFiles: Math.max(0, sorted.length - NAMED_AT_MOST),
  };
}

async function makeReadable(path: Buffer): Promise<void> {
  try {
    await fs.chmod(path, 0o700);
  } catch (error) {
    if (!isUnreadable(error) && !isGone(error)) throw error;
  }
}
