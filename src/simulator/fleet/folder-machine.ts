import fs from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { systemErrorCode } from "../../base/index.ts";
import { FolderHousing } from "./folder-housing.ts";
import { copyFolder, withoutShared } from "./folder-copy.ts";
import type { Housing } from "./housing.ts";
import type { MachineSite } from "./machine-site.ts";
import { isWithin } from "./machine-view.ts";
import type { SharedFolder } from "./machine.ts";
import { refuseUncopied } from "./shared-places.ts";
import { watchTmp } from "./tmp-watch.ts";
import { readableName } from "./walk-folder.ts";

/** Where a job writes that does not look at `TMPDIR`. */
const SYSTEM_TMP = "/tmp";

/** Prepares a machine that is a copy of the working folder, a temporary folder and a tree of processes. */
export async function prepareFolderMachine(
  site: MachineSite,
  folder: string,
  { mark, shared }: { readonly mark: string; readonly shared: readonly SharedFolder[] },
): Promise<{ readonly housing: Housing; readonly unreadable: readonly string[] }> {
  const { places, options } = site;
  const workFolder = join(folder, "work");
  const tmpFolder = join(folder, "tmp");
  await fs.mkdir(workFolder);
  await fs.mkdir(tmpFolder);
  const copied = await copyFolder(withoutShared(places.copy, shared), workFolder, true);
  refuseUncopied(shared, copied.readOnly.map(readableName), places.workingFolder);
  const inCopy = (path: string): string => join(workFolder, relative(places.workingFolder, path));
  for (const input of places.inputs.filter((one) => isWithin(one, places.workingFolder))) {
    await linkInput(input, inCopy(input));
  }
  for (const { path, source } of shared) {
    await fs.mkdir(dirname(inCopy(path)), { recursive: true });
    await fs.symlink(source, inCopy(path));
  }
  const tmpWatch = await watchTmp({
    folder: SYSTEM_TMP,
    uid: options.uid ?? -1,
    spared: [places.workingFolder, ...places.shown.map(({ path }) => path)],
    reported: site.reportedInTmp,
  });
  const housing = new FolderHousing({
    clock: options.clock,
    processes: site.processes,
    mark,
    workFolder,
    tmpFolder,
    places: [
      { folder: workFolder, prefix: "", where: "scratch", before: copied.state },
      { folder: tmpFolder, prefix: "$TMPDIR/", where: "tmp", before: new Map() },
    ],
    tmpWatch,
    path: options.environment["PATH"] ?? "/usr/bin:/bin",
  });
  return { housing, unreadable: copied.unreadable.map(readableName) };
}

async function linkInput(input: string, link: string): Promise<void> {
  await fs.mkdir(dirname(link), { recursive: true });
  try {
    await fs.symlink(input, link);
  } catch (error) {
    // It lies in a folder that is itself a link to the user's own, and so is seen already.
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}
