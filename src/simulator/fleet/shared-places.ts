import fs from "node:fs/promises";
import { join } from "node:path";
import { SpotproofError } from "../../base/index.ts";
import { type MachineView, isWithin } from "./machine-view.ts";
import type { FleetIsolation, SharedFolder } from "./machine.ts";
import { isGone } from "./walk-folder.ts";

/** What a shared folder may not get in the way of: absolute paths without links. */
export interface SharedPlaces {
  readonly workingFolder: string;
  readonly inputs: readonly string[];
}

/**
 * Whether folders can be shared at all. `paths` are absolute and without links.
 * @throws SpotproofError `bad-usage` for one that is or holds the working folder, or that lies in another one or in an
 *   input, or holds one.
 */
export function refuseUnsharable(paths: readonly string[], { workingFolder, inputs }: SharedPlaces): void {
  for (const [index, path] of paths.entries()) {
    if (isWithin(workingFolder, path)) {
      throw new SpotproofError(
        "bad-usage",
        `The shared folder ${path} (--shared) is or holds the working folder ${workingFolder}, so that nothing would go away with a machine. Share a folder within it, or start in another one.`,
      );
    }
    const others = [
      ...paths.slice(0, index).map((other) => ({ other, kind: "shared folder" })),
      ...inputs.map((other) => ({ other, kind: "input folder" })),
    ];
    const clash = others.find(({ other }) => isWithin(path, other) || isWithin(other, path));
    if (clash === undefined) continue;
    throw new SpotproofError(
      "bad-usage",
      `The shared folder ${path} (--shared) and the ${clash.kind} ${clash.other} are the same, or one lies in the other. Name each once, and folders that lie beside each other.`,
    );
  }
}

/**
 * Whether machines of this kind can see folders where they are to be seen.
 * @throws SpotproofError `bad-usage` for one outside of the working folder when machines are folders.
 */
export function refuseUnreachable(
  shared: readonly SharedFolder[],
  workingFolder: string,
  isolation: FleetIsolation,
): void {
  const outside = shared.find(({ path }) => !isWithin(path, workingFolder));
  if (isolation === "namespaces" || outside === undefined) return;
  throw new SpotproofError(
    "bad-usage",
    `The shared folder ${outside.path} (--shared) lies outside of the working folder ${workingFolder}. Only machines with namespaces can see a copy of it there, and that takes root on Linux. Use a folder within the working folder.`,
  );
}

/**
 * Whether folders lie in the machine's own copy of the working folder, where a link can be made.
 * @param seen Folders of the working folder that are not copied, relative to it.
 * @throws SpotproofError `bad-usage` for one that lies in a folder that is not the machine's own.
 */
export function refuseUncopied(
  shared: readonly SharedFolder[],
  seen: readonly string[],
  workingFolder: string,
): void {
  for (const { path } of shared) {
    const holder = seen.map((key) => join(workingFolder, key)).find((folder) => isWithin(path, folder));
    if (holder === undefined) continue;
    throw new SpotproofError(
      "bad-usage",
      `The shared folder ${path} (--shared) lies in ${holder}, which is not copied for each machine. Use a folder outside of it.`,
    );
  }
}

/**
 * Looks whether there is something to mount shared folders on where a machine cannot make it.
 * @throws SpotproofError `bad-usage` for one where there is no folder.
 */
export async function refuseWithoutMountPoint(
  shared: readonly SharedFolder[],
  view: MachineView,
): Promise<void> {
  for (const { path } of shared) {
    if (view.isOwn(path) || (await isFolder(path))) continue;
    throw new SpotproofError(
      "bad-usage",
      `The shared folder ${path} (--shared) is not there, and a machine of a rehearsal cannot make a folder there. Make it (mkdir -p); a copy of it is what the job will see.`,
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await fs.stat(path)).isDirectory();
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}
