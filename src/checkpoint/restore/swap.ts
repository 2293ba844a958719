import fs from "node:fs/promises";
import { SpotproofError, systemErrorCode } from "../../base/index.ts";
import { folderError, isVanished } from "../save/folder-errors.ts";
import { FolderPath, OWN_PREFIX } from "../save/folder-path.ts";
import { removeTree } from "../save/remove-tree.ts";

// A restore writes into a fresh folder, which then takes the place of the command's folder:
//   beside:  <folder>.spotproof-restore  becomes <folder>; what was there becomes <folder>.<asideName>
//   inside:  where <folder> is a mount point, or nothing may be created beside it: the same with
//            <folder>/.spotproof-restore and <folder>/.spotproof-replaced, entry by entry.
// A crash at any point is healed by the next restore, which begins anew: the command starts only after a whole one.

/** Where a restore writes before the swap. */
export type StagingPlace = "beside" | "inside";

/** What earlier restores have moved aside is named like this, after the folder's name and a dot. */
const ASIDE_PREFIX = "replaced-by-attempt-";
const CANNOT_BESIDE = new Set(["EBUSY", "EXDEV", "EACCES", "EPERM", "EROFS"]);

/** The real path of the command's folder, links followed; it may be absent. @throws SpotproofError `folder-unusable` */
export async function resolveTarget(folder: string): Promise<FolderPath> {
  const status = await fs.lstat(folder).catch((error: unknown) => {
    if (isVanished(error) && systemErrorCode(error) === "ENOENT") return undefined;
    throw folderError(`${folder} cannot be looked at`, error);
  });
  if (status === undefined) {
    const parent = folder.slice(0, folder.lastIndexOf("/")) || "/";
    await fs.mkdir(parent, { recursive: true }).catch((error: unknown) => {
      throw folderError(`The folder ${parent} cannot be created`, error);
    });
    return new FolderPath(folder);
  }
  const real = await fs.realpath(folder).catch((error: unknown) => {
    throw folderError(`The link ${folder} leads nowhere`, error);
  });
  if (!(await fs.stat(real)).isDirectory()) {
    throw new SpotproofError("folder-unusable", `${folder} is not a folder.`);
  }
  return new FolderPath(real);
}

/** Makes the empty folder to restore into, and removes what an interrupted restore left there. */
export async function openRestoreStaging(
  target: FolderPath,
): Promise<{ readonly place: StagingPlace; readonly staging: FolderPath }> {
  if (!(await isMountPoint(target))) {
    try {
      return { place: "beside", staging: await freshFolder(`${target.path}${OWN_PREFIX}restore`) };
    } catch (error) {
      if (!canOnlyBeInside(error)) throw folderError(`Nothing can be restored beside ${target.path}`, error);
    }
  }
  return { place: "inside", staging: await openInside(target) };
}

/** The staging folder inside of the target. */
export async function openInside(target: FolderPath): Promise<FolderPath> {
  try {
    return await freshFolder(`${target.path}/${OWN_PREFIX}restore`);
  } catch (error) {
    throw folderError(`Nothing can be restored into ${target.path}`, error);
  }
}

/** Whether the error says that the swap must happen inside of the folder. */
export function canOnlyBeInside(error: unknown): boolean {
  return CANNOT_BESIDE.has(systemErrorCode(error) ?? "");
}

/** Puts the staging folder in the target's place. Gives the path of what was moved aside, if there was anything. */
export async function swapBeside(
  staging: FolderPath,
  target: FolderPath,
  asideName: string,
): Promise<string | undefined> {
  if (await isAbsentOrEmpty(target)) {
    await fs.rename(staging.path, target.path);
    return undefined;
  }
  const aside = `${target.path}.${asideName}`;
  await removeOlderAsides(target, aside);
  await fs.rename(target.path, aside);
  await fs.rename(staging.path, target.path);
  return aside;
}

/** Moves the staging folder's entries into the target, whose own go aside. Gives the path of those, if there were any. */
export async function swapInside(staging: FolderPath, target: FolderPath): Promise<string | undefined> {
  const aside = new FolderPath(`${target.path}/${OWN_PREFIX}replaced`);
  await removeTree(Buffer.from(aside.path));
  const old = (await namesIn(target)).filter((name) => !name.startsWith(OWN_PREFIX));
  if (old.length > 0) await fs.mkdir(aside.path, { mode: 0o700 });
  for (const name of old) await moveEntry(target.of(name), aside.of(name));
  for (const name of await namesIn(staging)) await fs.rename(staging.of(name), target.of(name));
  await fs.rmdir(staging.path);
  return old.length > 0 ? aside.path : undefined;
}

/** A folder without write permission can only be renamed within its parent: it is given the permission. */
async function moveEntry(from: Buffer, to: Buffer): Promise<void> {
  try {
    await fs.rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== "EACCES") throw error;
    await fs.chmod(from, 0o700);
    await fs.rename(from, to);
  }
}

async function freshFolder(path: string): Promise<FolderPath> {
  await removeTree(Buffer.from(path));
  await fs.mkdir(path, { mode: 0o700 });
  return new FolderPath(path);
}

async function isMountPoint(target: FolderPath): Promise<boolean> {
  try {
    const [own, parent] = await Promise.all([fs.stat(target.path), fs.stat(`${target.path}/..`)]);
    return own.dev !== parent.dev || own.ino === parent.ino;
  } catch (error) {
    if (isVanished(error)) return false;
    throw folderError(`${target.path} cannot be looked at`, error);
  }
}

async function isAbsentOrEmpty(target: FolderPath): Promise<boolean> {
  try {
    return (await fs.readdir(target.path, "buffer")).length === 0;
  } catch (error) {
    if (isVanished(error)) return true;
    throw error;
  }
}

async function removeOlderAsides(target: FolderPath, aside: string): Promise<void> {
  const slash = target.path.lastIndexOf("/");
  const parent = new FolderPath(slash === 0 ? "" : target.path.slice(0, slash));
  const prefix = `${Buffer.from(target.path.slice(slash + 1)).toString("latin1")}.${ASIDE_PREFIX}`;
  const names = (await fs.readdir(parent.path || "/", "buffer")).map((name) => name.toString("latin1"));
  for (const name of names) if (name.startsWith(prefix)) await removeTree(parent.of(name));
  await removeTree(Buffer.from(aside));
}

/** The names in a folder, each byte as one character. */
export async function namesIn(folder: FolderPath): Promise<readonly string[]> {
  return (await fs.readdir(folder.path, "buffer")).map((name) => name.toString("latin1"));
}
