import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../base/index.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";

/**
 * When a file in these folders was changed last, in ms of the rehearsal; undefined when they hold none. Whoever vanishes
 * while it is looked at is left out.
 */
export async function newestChangeIn(
  folders: readonly string[],
  time: RehearsalTime,
): Promise<number | undefined> {
  let newestMs: number | undefined;
  const waiting = [...folders];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile()) continue;
      const changedMs = await changeOf(path);
      if (changedMs !== undefined) newestMs = Math.max(newestMs ?? changedMs, changedMs);
    }
  }
  return newestMs === undefined ? undefined : time.ofWallTime(newestMs);
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function changeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
