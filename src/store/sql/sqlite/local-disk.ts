import fs from "node:fs/promises";
import { SpotproofError, systemErrorCode } from "../../../base/index.ts";
import { MOUNTS, deepestMount } from "../../file/network-mount.ts";

/** File systems of which another machine may have the same file open: its locks and its log are not shared with it. */
const SHARED =
  /^(nfs4?|cifs|smb3?|smbfs|ceph|glusterfs|lustre|beegfs|gpfs|afs|ocfs2|gfs2|orangefs|pvfs2|fuse|fuse\.(?!fuse-overlayfs$).+)$/;

/**
 * Refuses a folder on a network file system, when this system tells. `called` is what the user knows as the option that
 * names the store.
 * @throws SpotproofError `store-unsuitable`
 */
export async function requireLocalDisk(folder: string, called = "--store"): Promise<void> {
  let mounts: string;
  let path: string;
  try {
    mounts = await fs.readFile(MOUNTS, "utf8");
    path = await fs.realpath(folder);
  } catch (error) {
    // Not Linux, or no such folder: the first is for SQLite to try, the second has a better message elsewhere.
    if (systemErrorCode(error) !== undefined) return;
    throw error;
  }
  requireLocalMount(path, mounts, called);
}

/** `requireLocalDisk` for a given list of mounts, in the format of `/proc/mounts`. */
export function requireLocalMount(folder: string, mounts: string, called = "--store"): void {
  const mount = deepestMount(folder, mounts);
  if (mount === undefined || !SHARED.test(mount.type)) return;
  throw new SpotproofError(
    "store-unsuitable",
    `${folder} is on a network file system (${mount.type} at ${mount.point}), where SQLite cannot keep two machines apart and would damage the database. Use the folder itself as the store (${called} ${folder}), or a disk of this machine.`,
  );
}
