import fs from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { systemErrorCode } from "../../base/index.ts";
import { abortable } from "../abortable.ts";
import { type Disk, type Mount, type Place, findMount, judgePlace } from "./place.ts";

/** What Azure's agent leaves on a temporary disk. */
const LOSS_WARNING = "DATALOSS_WARNING_README.txt";

/**
 * Where a path lies that may not exist yet: of the part that exists, links are followed. Undefined where the system does
 * not tell (not Linux, no right to know). Rejects with the signal's reason when it aborts.
 */
export function placeOf(path: string, signal?: AbortSignal): Promise<Place | undefined> {
  return abortable(signal, () => look(path));
}

async function look(path: string): Promise<Place | undefined> {
  const real = await realPathOf(resolve(path));
  const mountinfo = await contentOf("/proc/self/mountinfo");
  const mount = mountinfo === undefined ? undefined : findMount(real, mountinfo);
  if (mount === undefined) return undefined;
  // Asking a network file system for a file could hang, and only disks have such a file.
  const disks = await disksOf(mount);
  const warnsOfLoss = disks.length > 0 && (await exists(join(mount.point, LOSS_WARNING)));
  return judgePlace(real, mount, { disks, warnsOfLoss });
}

/** The path without links; of what does not exist yet, as much as does. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (systemErrorCode(error) === "ENOENT" && parent !== path)
      return join(await realPathOf(parent), basename(path));
    return path;
  }
}

/** The disks under a mount, from /sys (sysfs(5)): below partitions, RAID, logical and encrypted volumes. */
async function disksOf({ device, source }: Mount): Promise<readonly Disk[]> {
  // Btrfs and others have numbers of their own, which lead nowhere, and name the device.
  const byNumber = await folderOfDevice(`/sys/dev/block/${device}`);
  const isNamed = byNumber === undefined && source.startsWith("/dev/");
  const named = isNamed ? basename(await realPathOf(source)) : undefined;
  const folder = named === undefined ? byNumber : await folderOfDevice(`/sys/class/block/${named}`);
  return folder === undefined ? [] : disksBelow(folder, 0);
}

/** More layers than anybody stacks; a loop in what /sys says must not be one here. */
const MOST_LAYERS = 8;

async function disksBelow(folder: string, layer: number): Promise<readonly Disk[]> {
  if (layer > MOST_LAYERS) return [];
  if (await exists(join(folder, "partition"))) return disksBelow(dirname(folder), layer + 1);
  const slaves = await namesIn(join(folder, "slaves"));
  if (slaves.length > 0) {
    const below = await Promise.all(
      slaves.map(async (name) => {
        const slave = await folderOfDevice(join(folder, "slaves", name));
        return slave === undefined ? [] : disksBelow(slave, layer + 1);
      }),
    );
    return below.flat();
  }
  const [model, serial] = await Promise.all(
    ["model", "serial"].map((what) => contentOf(join(folder, "device", what))),
  );
  return [{ name: basename(folder), model: model?.trim(), serial: serial?.trim() }];
}

async function folderOfDevice(link: string): Promise<string | undefined> {
  try {
    return await fs.realpath(link);
  } catch (error) {
    return unlessUntold(error);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await fs.readdir(folder);
  } catch (error) {
    return unlessUntold(error) ?? [];
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, "utf8");
  } catch (error) {
    return unlessUntold(error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await fs.access(path);
    return true;
  } catch (error) {
    unlessUntold(error);
    return false;
  }
}

/** What the system does not tell is not known, and no reason to fail. */
function unlessUntold(error: unknown): undefined {
  if (systemErrorCode(error) === undefined) throw error;
  return undefined;
}
