import fs from "node:fs/promises";
import { systemErrorCode } from "../../base/index.ts";

/** Where Linux lists what is mounted. */
export const MOUNTS = "/proc/self/mounts";

/**
 * Whether a folder is on an NFS mount (EFS included) whose client may answer from its cache that a file does not exist. A
 * sentence for people when it is, with what to do; undefined when it is not, or when this system does not tell.
 */
export async function mountCaution(folder: string): Promise<string | undefined> {
  try {
    return cautionFor(folder, await fs.readFile(MOUNTS, "utf8"));
  } catch (error) {
    // Not Linux, or not allowed to know: nothing can be said, and the store works all the same.
    if (systemErrorCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** One file system as Linux lists it. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The file system that a folder is on, from a list of mounts in the format of `/proc/mounts` (proc(5), fstab(5)). */
export function deepestMount(folder: string, mounts: string): Mount | undefined {
  let deepest: Mount | undefined;
  for (const line of mounts.split("\n")) {
    const [, rawPoint, type = "", options = ""] = line.split(" ");
    if (rawPoint === undefined) continue;
    const point = rawPoint.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const holds = point === "/" || folder === point || folder.startsWith(`${point}/`);
    // Of two mounts at the same place the later one lies on top.
    if (holds && point.length >= (deepest?.point.length ?? 0))
      deepest = { point, type, options: options.split(",") };
  }
  return deepest;
}

/** `mountCaution` for a given list of mounts. */
export function cautionFor(folder: string, mounts: string): string | undefined {
  const deepest = deepestMount(folder, mounts);
  if (deepest === undefined || !/^nfs4?$/.test(deepest.type)) return undefined;
  if (deepest.options.includes("noac") || deepest.options.includes("acdirmax=0")) return undefined;
  return `${deepest.point} is an NFS mount whose client remembers for up to a minute which files do not exist, so an attempt may learn late that another has taken over. Mount it with acdirmin=0,acdirmax=0.`;
}
