import fs from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { SpotproofError, reasonOf } from "../../base/index.ts";
import { type CopyOrder, DEFAULT_COPY_LIMIT } from "./folder-copy.ts";
import { isWithin } from "./machine-view.ts";
import type { FleetOptions } from "./machine.ts";
import { isGone } from "./walk-folder.ts";

/** The folders that a fleet has to do with, absolute and without links in their paths. */
export interface FleetPlaces {
  readonly workspace: string;
  readonly workingFolder: string;
  readonly shared: readonly string[];
  /** What a machine sees at its own path wherever it lies: the workspace, shared folders and programs. */
  readonly shown: readonly ShownPath[];
  readonly copy: CopyOrder;
}

/** Something that every machine is to see. */
export interface ShownPath {
  readonly path: string;
  readonly isFolder: boolean;
}

/**
 * Looks at what the user named.
 * @throws SpotproofError `bad-usage` for a folder that is not there, and for a shared folder that holds the working folder.
 */
export async function findPlaces(options: FleetOptions): Promise<FleetPlaces> {
  const workingFolder = await realFolder("working folder", options.workingFolder);
  const workspace = await realFolder("workspace of the rehearsal", options.workspace);
  const shared = await Promise.all(options.shared.map((folder) => sharedFolder(folder, workingFolder)));
  const visible = (await Promise.all(options.visible.map(shownPaths))).flat();
  const shown = [...[workspace, ...shared].map((path) => ({ path, isFolder: true })), ...visible];
  const home = options.environment["HOME"];
  return {
    workspace,
    workingFolder,
    shared,
    shown: shown.filter(({ path }, index) => shown.findIndex((one) => one.path === path) === index),
    copy: {
      source: workingFolder,
      left: new Set([workspace, ...shared, ...(await Promise.all(options.excluded.map(pathsOf))).flat()]),
      limit: options.copyLimit ?? DEFAULT_COPY_LIMIT,
      home: home === undefined ? undefined : await realPath(home),
    },
  };
}

async function sharedFolder(folder: string, workingFolder: string): Promise<string> {
  const real = await realFolder("shared folder", folder);
  if (!isWithin(workingFolder, real)) return real;
  throw new SpotproofError(
    "bad-usage",
    `The shared folder ${folder} holds the working folder ${workingFolder}, so nothing would go away with a machine. Share a folder within it, or start in another one.`,
  );
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

async function shownPaths(path: string): Promise<readonly ShownPath[]> {
  const shown: ShownPath[] = [];
  for (const one of await pathsOf(path)) {
    const stat = await fs.stat(one).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    if (stat !== undefined) shown.push({ path: one, isFolder: stat.isDirectory() });
  }
  return shown;
}

/** Without links, as far as it exists. */
async function realPath(path: string): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (!isGone(error) || path === dirname(path)) throw error;
    return join(await realPath(dirname(path)), basename(path));
  }
}
