import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { SpotproofError, systemClock, systemRandom } from "../../src/base/index.ts";
import { type OpenedStore, openDoor, parseStoreLocation, pathOnDisk } from "../../src/store/index.ts";
import { type Stored, strangers } from "./stored.ts";

/** A store of any kind by its URL. */
export function storedAtUrl(url: string): Stored {
  const location = parseStoreLocation(url, process.cwd(), "--store");
  const path = pathOnDisk(location);
  const open = (mode: "read" | "write"): Promise<OpenedStore> =>
    openDoor(location, {
      mode,
      signal: undefined,
      clock: systemClock,
      random: systemRandom,
      maxConnections: undefined,
    });
  return {
    async open(mode) {
      if (mode === "read" && path !== undefined && !existsSync(path)) return undefined;
      try {
        return await open(mode);
      } catch (error) {
        const isNew = error instanceof SpotproofError && /There is no store (in|at) /.test(error.message);
        if (mode === "read" && isNew) return undefined;
        throw error;
      }
    },
    async leftBehind() {
      const opened = await open("write");
      // What was begun in this minute is nobody's garbage yet, and a transaction that died has left nothing at all.
      const swept = await opened.sweep();
      await opened.close();
      const problems = swept === 0 ? [] : [`A sweep removed ${swept} things that were just made.`];
      if (path === undefined) return problems;
      const known = [basename(path), `${basename(path)}-wal`, `${basename(path)}-shm`];
      const others = readdirSync(dirname(path)).filter((name) => !known.includes(name));
      return [...problems, ...strangers(others, /^(machine|judge-.*|journal-\d+)$/, "beside the database")];
    },
  };
}
