import { statfs } from "node:fs/promises";

/** `statfs` types of file systems in memory: tmpfs and ramfs. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01_02_19_94, 0x85_84_58_f6]);

/** A store must outlive the machine; what is in memory or below /tmp surely does not (L01). Undefined when all is well. */
export async function adviceAboutStore(path: string): Promise<string | undefined> {
  const { type } = await statfs(path);
  if (IN_MEMORY.has(type)) {
    return `the store ${path} lies in memory and goes with this machine: fine for a rehearsal, not for a job`;
  }
  if (/^\/(var\/)?tmp\//.test(path)) {
    return `the store ${path} lies in a temporary folder, which seldom outlives a machine: fine for a rehearsal, not for a job`;
  }
  return undefined;
}
