import fs from "node:fs/promises";
import type { Clock } from "../../base/index.ts";
import { folderError, isNoRoom } from "./folder-errors.ts";
import { type FolderPath, OWN_PREFIX } from "./folder-path.ts";
import { removeTree } from "./remove-tree.ts";

/** So much room is left to the command whatever the staging folder would like to have. */
const ROOM_FOR_THE_COMMAND_BYTES = 64 * 1024 * 1024;

/**
 * A folder for what must rest on the local disk while a save is under way: `<folder>.spotproof-staging`, or
 * `<folder>/.spotproof-staging` where nothing may be created beside the folder. Also tells the time of the file system,
 * which may have another clock than this machine (NFS).
 */
export class Staging {
  readonly #folder: FolderPath;
  readonly #places: readonly string[];
  readonly #clock: Clock;
  #path: string | undefined;
  #sharesClock = false;
  #names = 0;

  constructor(folder: FolderPath, clock: Clock) {
    this.#folder = folder;
    this.#places = [`${folder.path}${OWN_PREFIX}staging`, `${folder.path}/${OWN_PREFIX}staging`];
    this.#clock = clock;
  }

  /** Removes what a crash left and makes the folder anew. Does without it when there is no right or no room for one. */
  async open(): Promise<void> {
    for (const place of this.#places) {
      try {
        await removeTree(Buffer.from(place));
        await fs.mkdir(place, { mode: 0o700 });
        const [here, there] = await Promise.all([fs.lstat(place), fs.stat(this.#folder.path)]);
        this.#sharesClock = here.dev === there.dev;
        this.#path = place;
        return;
      } catch {
        this.#path = undefined; // the next place, or none: large files are then read while the command is paused
      }
    }
  }

  /** Removes the folder with everything in it. Never fails: what is left is removed by the next save. */
  async close(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path === undefined) return;
    await removeTree(Buffer.from(path)).catch(() => undefined);
  }

  /** Now, in ns, by the clock that stamps files here; by this machine's where nothing can be created. */
  async fileSystemNowNs(): Promise<bigint> {
    if (this.#path !== undefined && this.#sharesClock) {
      const probe = this.#newPath();
      try {
        await fs.mkdir(probe, { mode: 0o700 });
        const status = await fs.lstat(probe, { bigint: true });
        await fs.rmdir(probe);
        return status.ctimeNs;
      } catch (error) {
        if (!isNoRoom(error)) throw folderError(`The staging folder ${this.#path} cannot be used`, error);
      }
    }
    return BigInt(Math.floor(this.#clock.wallTime() * 1e6));
  }

  /** Copies a file here, by sharing its blocks where the file system can. Undefined when there is no room for it. */
  async copy(file: Buffer, sizeBytes: number): Promise<string | undefined> {
    if (this.#path === undefined) return undefined;
    const room = await fs.statfs(this.#path);
    if (room.bavail * room.bsize < sizeBytes + ROOM_FOR_THE_COMMAND_BYTES) return undefined;
    const path = this.#newPath();
    try {
      await fs.copyFile(file, path, fs.constants.COPYFILE_FICLONE);
      return path;
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      await fs.rm(path, { force: true });
      return undefined;
    }
  }

  /** Removes one copy. */
  async remove(copy: string): Promise<void> {
    await fs.unlink(copy);
  }

  #newPath(): string {
    this.#names += 1;
    return `${this.#path ?? ""}/${this.#names}`;
  }
}
