import { SpotproofError } from "../../base/index.ts";
import { readableName, walkFolder } from "../fleet/walk-folder.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";

/**
 * When a file in these folders was changed last, in ms of the rehearsal; undefined when they hold none. Whoever vanishes
 * while it is looked at is left out.
 * @throws SpotproofError `folder-unusable` when something in them cannot be read
 */
export async function newestChangeIn(
  folders: readonly string[],
  time: RehearsalTime,
): Promise<number | undefined> {
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const folder of folders) {
    await walkFolder(folder, {
      file({ stat }) {
        if (stat.isFile()) newestMs = Math.max(newestMs, stat.mtimeMs);
      },
      folder: () => Promise.resolve(() => Promise.resolve()),
      unreadable(key) {
        throw new SpotproofError("folder-unusable", `${folder}/${readableName(key)} cannot be read.`);
      },
    });
  }
  return newestMs === Number.NEGATIVE_INFINITY ? undefined : time.ofWallTime(newestMs);
}
