import fs from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { SpotproofError, reasonOf } from "../../base/index.ts";
import { type CopyOrder, DEFAULT_COPY_LIMIT } from "./folder-copy.ts";
import { isWithin } from "./machine-view.ts";
import type { FleetOptions } from "./machine.ts";
import { isGone, isUnreadable } from "./walk-folder.ts";

/** The folders that a fleet has to do with, absolute and without links in their paths. */
export interface FleetPlaces {
  readonly workspace: string;
  readonly workingFolder: string;
  /** None of them lies in another one. */
  readonly inputs: readonly string[];
  /** What a machine sees at its own path wherever it lies: the workspace, inputs and programs. */
  readonly shown: readonly ShownPath[];
  readonly copy: CopyOrder;
}

/** Something that every machine is to see. */
export interface ShownPath {
  readonly path: string;
  readonly isFolder: boolean;
  readonly readOnly: boolean;
  /** Where a machine sees this computer's own disk anyway, nothing is changed, `readOnly` or not. */
  readonly isAsItIsOutside?: boolean | undefined;
}

/**
 * Looks at what the user named.
 * @throws SpotproofError `bad-usage` for a folder that is not there, and for an input that holds the working folder.
 */
export async function findPlaces(options: FleetOptions): Promise<FleetPlaces> {
  const workingFolder = await realFolder("working folder", options.workingFolder);
  const workspace = await realFolder("workspace of the rehearsal", options.workspace);
  const inputs = outermost(
    await Promise.all(options.inputs.map((folder) => inputFolder(folder, workingFolder, workspace))),
  );
  // What lies in the working folder would be the user's own where the job is to have a copy.
  const visible = (await Promise.all(options.visible.map(shownPaths)))
    .flat()
    .filter(({ path }) => ![workingFolder, ...inputs].some((folder) => isWithin(path, folder)));
  const shown = [
    { path: workspace, isFolder: true, readOnly: false },
    ...inputs.map((path) => ({ path, isFolder: true, readOnly: true })),
    ...visible,
  ];
  const home = options.environment["HOME"];
  return {
    workspace,
    workingFolder,
    inputs,
    shown: shown.filter(({ path }, index) => shown.findIndex((one) => one.path === path) === index),
    copy: {
      kind: "working folder",
      source: workingFolder,
      left: new Set([workspace, ...inputs, ...(await Promise.all(options.excluded.map(pathsOf))).flat()]),
      limit: options.copyLimit ?? DEFAULT_COPY_LIMIT,
      home: home === undefined ? undefined : await reachablePath(home),
    },
  };
}

async function inputFolder(folder: string, workingFolder: string, workspace: string): Promise<string> {
  const real = await realFolder("input folder (--input)", folder);
  if (isWithin(workingFolder, real)) {
    throw new SpotproofError(
      "bad-usage",
      `The input folder ${folder} (--input) is or holds the working folder ${workingFolder}, which the job must be able to change. Name a folder within it, or start in another one.`,
    );
  }
  if (!isWithin(workspace, real)) return real;
  throw new SpotproofError(
    "bad-usage",
    `The input folder ${folder} (--input) holds ${workspace}, where the rehearsal keeps its own files. Name a folder within it, or set TMPDIR to a folder elsewhere.`,
  );
}

/** Without those that lie in another one. */
function outermost(folders: readonly string[]): readonly string[] {
  const different = [...new Set(folders)];
  return different.filter((one) => !different.some((other) => other !== one && isWithin(one, other)));
}

async function realFolder(what: string, folder: string): Promise<string> {
  try {
    const real = await fs.realpath(folder);
    // Opened, not only looked at: a folder that cannot be listed cannot be copied.
    await (await fs.opendir(real)).close();
    return real;
  } catch (error) {
    throw new SpotproofError(
      "bad-usage",
      `The ${what} ${folder} cannot be used: ${reasonOf(error)}. Name a folder that exists and can be read.`,
      { cause: error },
    );
  }
}

/** The path as named and where it leads to, in case that it is a link; what does not exist leads nowhere. */
async function pathsOf(path: string): Promise<readonly string[]> {
  const absolute = resolve(path);
  return [join(await realPath(dirname(absolute)), basename(absolute)), await realPath(absolute)];
}

/** Without links where this user may look, else as it is. */
async function reachablePath(path: string): Promise<string> {
  try {
    return await realPath(path);
  } catch (error) {
    if (isUnreadable(error)) return resolve(path);
    throw error;
  }
}

async function shownPaths(path: string): Promise<readonly ShownPath[]> {
  const shown: ShownPath[] = [];
  try {
    for (const one of await pathsOf(path)) {
      const stat = await fs.stat(one).catch((error: unknown) => {
        if (isGone(error)) return undefined;
        throw error;
      });
      if (stat !== undefined)
        shown.push({ path: one, isFolder: stat.isDirectory(), readOnly: true, isAsItIsOutside: true });
    }
  } catch (error) {
    // What this user cannot reach, such as a folder of somebody else's PATH, no job of theirs reaches either.
    if (!isUnreadable(error)) throw error;
  }
  return shown;
}

/** An absolute path without links, as far as it exists. */
export async function realPath(path: string): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (!isGone(error) || path === dirname(path)) throw error;
    return join(await realPath(dirname(path)), basename(path));
  }
}
