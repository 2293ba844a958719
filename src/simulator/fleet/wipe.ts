import type { Stats } from "node:fs";
import fs from "node:fs/promises";
import { SpotproofError, reasonOf } from "../../base/index.ts";
import { forEachAtOnce, isGone, joinBytes } from "./walk-folder.ts";

/** Paths longer than this are cut short by moving the folder up; the system takes none of 4096 bytes. */
const LONG_PATH = 2000;

/**
 * Removes a folder with everything in it, whatever its names, depth, rights and owners. Links are removed, not followed;
 * absent is fine.
 * @throws SpotproofError `internal` when something is mounted in it (nothing is removed then), or cannot be removed.
 */
export async function wipe(folder: string, platform: NodeJS.Platform): Promise<void> {
  const root = Buffer.from(folder);
  try {
    const stat = await lstatUnlessGone(root);
    if (stat === undefined) return;
    await refuseMounts(folder, platform);
    if (stat.isDirectory()) await new Wiping(root, stat.dev).removeFolder(root);
    else await fs.unlink(root);
  } catch (error) {
    if (error instanceof SpotproofError) throw error;
    throw new SpotproofError(
      "internal",
      `${folder} of a rehearsal could not be removed: ${reasonOf(error)}.`,
      {
        cause: error,
      },
    );
  }
}

class Wiping {
  readonly #root: Buffer;
  readonly #device: number;
  #moved = 0;

  constructor(root: Buffer, device: number) {
    this.#root = root;
    this.#device = device;
  }

  async removeFolder(folder: Buffer): Promise<void> {
    await openToOwner(folder);
    const folders: Buffer[] = [];
    const names = await fs.readdir(folder, "buffer");
    await forEachAtOnce(names, async (name) => {
      const path = joinBytes(folder, name);
      const stat = await lstatUnlessGone(path);
      if (stat === undefined) return;
      if (stat.isDirectory()) folders.push(this.#onSameDevice(path, stat));
      else await fs.unlink(path);
    });
    for (const path of folders) await this.removeFolder(await this.#withShortPath(path));
    await fs.rmdir(folder);
  }

  #onSameDevice(path: Buffer, stat: Stats): Buffer {
    // A mount that the list of mounts did not show: what is in it is not ours.
    if (stat.dev === this.#device) return path;
    throw new SpotproofError(
      "internal",
      `Another file system is mounted at ${path.toString()}: it is not removed. Unmount it (umount) and remove ${this.#root.toString()} yourself.`,
    );
  }

  async #withShortPath(path: Buffer): Promise<Buffer> {
    if (path.length < LONG_PATH) return path;
    this.#moved += 1;
    const shorter = joinBytes(this.#root, Buffer.from(`.spotproof-deep-${this.#moved}`));
    await openToOwner(path);
    await fs.rename(path, shorter);
    return shorter;
  }
}

async function openToOwner(folder: Buffer): Promise<void> {
  // Only its owner's own rights can be in the way; root needs none.
  if (process.getuid?.() !== 0) await fs.chmod(folder, 0o700);
}

async function lstatUnlessGone(path: Buffer): Promise<Stats | undefined> {
  try {
    return await fs.lstat(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function refuseMounts(folder: string, platform: NodeJS.Platform): Promise<void> {
  if (platform !== "linux") return;
  const inside = mountsIn(await fs.readFile("/proc/self/mountinfo", "latin1"), await fs.realpath(folder));
  const [first] = inside;
  if (first === undefined) return;
  throw new SpotproofError(
    "internal",
    `Something is mounted at ${first}: ${folder} is not removed, since that could remove what is not the rehearsal's. Unmount it (umount) and remove the folder yourself.`,
  );
}

/** Mount points at or under a folder, from the text of `/proc/self/mountinfo` (proc(5)). Read as latin1. */
export function mountsIn(mountinfo: string, folder: string): readonly string[] {
  const under = Buffer.from(folder).toString("latin1");
  return mountinfo
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .map((point) =>
      point.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    )
    .filter((point) => point === under || point.startsWith(`${under}/`))
    .map((point) => Buffer.from(point, "latin1").toString());
}
