import fs from "node:fs/promises";
import { join } from "node:path";
import { SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";
import { realPath } from "../fleet/fleet-places.ts";
import { DEFAULT_COPY_LIMIT, copyFolder } from "../fleet/folder-copy.ts";
import type { CopyLimit, FleetIsolation, SharedFolder } from "../fleet/index.ts";
import { isWithin } from "../fleet/machine-view.ts";
import { refuseUnreachable, refuseUnsharable } from "../fleet/shared-places.ts";
import { readableName } from "../fleet/walk-folder.ts";

/** What the copies are made for. */
export interface SharingJob {
  /** The user's, absolute. */
  readonly workingFolder: string;
  /** Absolute paths of folders that jobs only read. */
  readonly inputs: readonly string[];
  /** How its machines will be kept apart: where namespaces cannot be had, links are written so that they lead on. */
  readonly isolation: FleetIsolation;
  /** How much of each folder is copied at most. Default 2 GiB and 200,000 files. */
  readonly limit?: CopyLimit | undefined;
}

/**
 * Copies folders that outlive machines, for one job: its machines share the copies, so that other jobs of the rehearsal
 * find nothing of it, and the user's own stay as they are. A folder that is not there begins empty.
 * @param folders Absolute paths of the user.
 * @param into A folder of the job alone, which is made.
 * @throws SpotproofError `bad-usage` for a folder that cannot be shared, cannot be read or is too large; `disk-full`.
 */
export async function copySharedFolders(
  folders: readonly string[],
  into: string,
  job: SharingJob,
): Promise<readonly SharedFolder[]> {
  const found = await Promise.all(folders.map(find));
  const different = found.filter(({ path }, index) => found.findIndex((one) => one.path === path) === index);
  const paths = different.map(({ path }) => path);
  const workingFolder = await realPath(job.workingFolder);
  refuseUnsharable(paths, { workingFolder, inputs: await Promise.all(job.inputs.map(realPath)) });
  await refuseHolding(paths, into);
  const shared = different.map((one, index) => ({ ...one, source: join(into, String(index)) }));
  refuseUnreachable(shared, workingFolder, job.isolation);
  await fs.mkdir(into, { recursive: true });
  const copied: SharedFolder[] = [];
  for (const { path, source, exists } of shared) {
    await fs.mkdir(source);
    copied.push({ path, source, unreadable: exists ? await copy(path, source, job) : [] });
  }
  return copied;
}

async function find(folder: string): Promise<{ readonly path: string; readonly exists: boolean }> {
  try {
    const path = await realPath(folder);
    return { path, exists: await isThere(path) };
  } catch (error) {
    throw new SpotproofError(
      "bad-usage",
      `The shared folder ${folder} (--shared) cannot be used: ${reasonOf(error)}. Name a folder that can be read, or one that does not exist yet.`,
      { cause: error },
    );
  }
}

async function isThere(folder: string): Promise<boolean> {
  try {
    // Opened, not only looked at: a folder that cannot be listed cannot be copied.
    await (await fs.opendir(folder)).close();
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return false;
  }
}

async function refuseHolding(paths: readonly string[], into: string): Promise<void> {
  const target = await realPath(into);
  const holding = paths.find((path) => isWithin(target, path));
  if (holding === undefined) return;
  throw new SpotproofError(
    "bad-usage",
    `The shared folder ${holding} (--shared) holds ${target}, where the rehearsal keeps its own files. Share a folder within it, or set TMPDIR to a folder elsewhere.`,
  );
}

async function copy(path: string, source: string, job: SharingJob): Promise<readonly string[]> {
  const order = {
    kind: "shared folder",
    source: path,
    left: new Set<string>(),
    limit: job.limit ?? DEFAULT_COPY_LIMIT,
    home: undefined,
  } as const;
  const { unreadable } = await copyFolder(order, source, job.isolation === "folders");
  return unreadable.map((key) => join(path, readableName(key)));
}
