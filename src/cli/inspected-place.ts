import { rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../base/index.ts";
import { type InspectedPlace, type OpenedPlace, loadInspection } from "../store/index.ts";
import type { CommandIo } from "./command-io.ts";
import { startRacerProcesses } from "./racer-process.ts";
import { adviceAboutStore } from "./store-advice.ts";
import { type StoreLocation, openStore } from "./store-location.ts";

// How `spotproof doctor` reaches a store, and what only its kind can tell.

/** The store at a location; `typed` is how the user has named it, which its racing processes are told. */
export function inspectedPlace(location: StoreLocation, typed: string, io: CommandIo): InspectedPlace {
  return {
    description: `folder ${location.path}`,
    async open(mode, signal): Promise<OpenedPlace> {
      const opened = await openStore(location, mode, signal);
      const cautions = [opened.caution, await adviceAboutStore(location.path)];
      return {
        store: opened.store,
        cautions: cautions.filter((caution) => caution !== undefined),
        writtenAt: async (key) => (await stat(join(location.path, key))).mtimeMs,
      };
    },
    startRacers: (count, signal) => startRacerProcesses(count, typed, io, signal),
  };
}

/** A folder keeps the folder of objects that were removed: this removes it when it is empty. */
export async function removeEmptyFolder({ path }: StoreLocation): Promise<void> {
  const { INSPECTION_PREFIX } = await loadInspection();
  try {
    await rmdir(join(path, INSPECTION_PREFIX));
  } catch (error) {
    // Another inspection has its objects there, or it was never made, or may not be removed: then it stays, and harms nothing.
    if (systemErrorCode(error) === undefined) throw error;
  }
}
