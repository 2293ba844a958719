import fs from "node:fs/promises";
import { fileState, filesLeftIn } from "./left-behind.ts";
import { isWithin } from "./machine-view.ts";
import type { LeftFile } from "./machine.ts";
import { isUnmissed } from "./unmissed-names.ts";
import { forEachAtOnce, isGone, isUnreadable } from "./walk-folder.ts";

/** Watches what appears in this computer's own /tmp, where it cannot be kept apart for a machine. */
export interface TmpWatch {
  /** Files of this user that appeared or changed since the watch began. Nothing is removed. */
  changes(): Promise<readonly LeftFile[]>;
}

/** What is watched. */
export interface TmpWatchOptions {
  /** `/tmp`, or what stands for it in a test. */
  readonly folder: string;
  /** Only files of this user are the job's. */
  readonly uid: number;
  /** Absolute paths that are known to be none of a machine's: with all that is in them, or around them. */
  readonly spared: readonly string[];
  /** What another machine of the fleet has reported already: each file is reported once. Is added to. */
  readonly reported: Set<string>;
}

/** Begins to watch. Only what lies at the top of the folder is compared. */
export async function watchTmp(options: TmpWatchOptions): Promise<TmpWatch> {
  const before = await topOf(options);
  return {
    async changes() {
      const files: LeftFile[] = [];
      for (const [name, { state, isFolder, bytes }] of await topOf(options)) {
        const path = `${options.folder}/${name}`;
        const was = before.get(name);
        // A folder that was there is somebody's already; that something in it changed says nothing of the job.
        if (was?.state === state || (isFolder && was?.isFolder === true)) continue;
        if (options.reported.has(`${path} ${state}`)) continue;
        options.reported.add(`${path} ${state}`);
        if (isFolder) files.push(...(await filesIn(path)));
        else if (bytes > 0) files.push({ path, where: "tmp", bytes, wiped: false });
      }
      return files;
    },
  };
}

interface TopEntry {
  readonly state: string;
  readonly isFolder: boolean;
  readonly bytes: number;
}

async function filesIn(folder: string): Promise<readonly LeftFile[]> {
  const place = { folder, prefix: `${folder}/`, where: "tmp", before: new Map(), keepRights: true } as const;
  return (await filesLeftIn(place)).map((file) => ({ ...file, wiped: false }));
}

async function topOf(options: TmpWatchOptions): Promise<ReadonlyMap<string, TopEntry>> {
  const entries = new Map<string, TopEntry>();
  await forEachAtOnce(await namesIn(options.folder), async (name) => {
    const path = `${options.folder}/${name}`;
    if (isUnmissed(name) || options.spared.some((one) => isWithin(path, one) || isWithin(one, path))) return;
    const stat = await fs.lstat(path).catch((error: unknown) => {
      if (isGone(error) || isUnreadable(error)) return undefined;
      throw error;
    });
    if (stat === undefined || stat.uid !== options.uid || !(stat.isFile() || stat.isDirectory())) return;
    const isFolder = stat.isDirectory();
    entries.set(name, {
      state: isFolder ? String(stat.ino) : fileState(stat),
      isFolder,
      bytes: isFolder ? 0 : stat.size,
    });
  });
  return entries;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await fs.readdir(folder);
  } catch (error) {
    if (isGone(error) || isUnreadable(error)) return [];
    throw error;
  }
}
