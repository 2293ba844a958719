import { rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../base/index.ts";
import {
  type InspectedPlace,
  type OpenedPlace,
  type StoreLocation,
  describeLocation,
  loadInspection,
  openStore,
  pathOnDisk,
  placeOf,
} from "../store/index.ts";
import type { CommandIo } from "./command-io.ts";
import { startRacerProcesses } from "./racer-process.ts";

// How `spotproof doctor` reaches a store, and what only its kind can tell.

/** The store at a location; `typed` is how the user has named it, which its racing processes are told. */
export function inspectedPlace(location: StoreLocation, typed: string, io: CommandIo): InspectedPlace {
  return {
    description: describeLocation(location),
    async open(mode, signal): Promise<OpenedPlace> {
      const opened = await openStore(location, mode, signal, { repeats: false });
      const path = pathOnDisk(location);
      const place = path === undefined ? undefined : await placeOf(path, signal);
      const volatile =
        place?.volatile === undefined
          ? undefined
          : `It lies ${place.volatile}, and goes with this machine: \`spotproof run\` refuses it unless told otherwise.`;
      return {
        store: opened.store,
        cautions: [opened.caution, volatile].filter((words) => words !== undefined),
        place: place?.words,
        writtenAt:
          location.kind === "folder"
            ? async (key) => (await stat(join(location.folder, key))).mtimeMs
            : undefined,
        close: () => opened.close(),
      };
    },
    startRacers: (count, signal) => startRacerProcesses(count, typed, io, signal),
  };
}

/** A folder keeps the folder of objects that were removed: this removes it when it is empty. */
export async function removeEmptyFolder(location: StoreLocation): Promise<void> {
  if (location.kind !== "folder") return;
  const { INSPECTION_PREFIX } = await loadInspection();
  try {
    await rmdir(join(location.folder, INSPECTION_PREFIX));
  } catch (error) {
    // Another inspection has its objects there, or it was never made, or may not be removed: then it stays, and harms nothing.
    if (systemErrorCode(error) === undefined) throw error;
  }
}
