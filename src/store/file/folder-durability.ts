import fs from "node:fs/promises";
import { dirname } from "node:path";
import { SpotproofError } from "../../base/index.ts";
import { closeFile, openFile, syncFile } from "./descriptors.ts";
import { asStoreError } from "./file-errors.ts";

/** Makes the names in one folder durable (C19). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const file = await openFile(folder, "r");
    try {
      await syncFile(file);
    } finally {
      // Nothing waits for it, and nothing was written through it that could fail.
      closeFile(file).catch(() => undefined);
    }
  } catch (error) {
    throw asStoreError(error, { doing: "making durable", path: folder });
  }
}

/**
 * Creates a folder with its parents and makes their names durable, also those that exist already: a process may have
 * created them a moment ago and have died before it could.
 * @throws the system's error
 */
export async function makeFolderDurably(folder: string): Promise<void> {
  const firstCreated = await fs.mkdir(folder, { recursive: true });
  const above = chain(dirname(folder), "/");
  const created = firstCreated === undefined ? 0 : chain(dirname(folder), dirname(firstCreated)).length;
  await Promise.all(
    above.map((each, place) => (place < created ? syncFolder(each) : syncWherePossible(each))),
  );
}

/** Of a folder that this user may not read, or that cannot be synced at all, no process of this user made the names. */
async function syncWherePossible(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    const isOfOthers =
      error instanceof SpotproofError &&
      (error.code === "store-not-writable" || error.code === "store-unsuitable");
    if (!isOfOthers) throw error;
  }
}

/** A sync that is under way, and the one that begins when it has ended. */
interface SharedSync {
  readonly done: Promise<void>;
  next: Promise<void> | undefined;
}

/** The folders of one store whose own names, up to the store's folder, this process has made durable. */
export class DurableFolders {
  readonly #root: string;
  readonly #known = new Set<string>();
  readonly #underWay = new Map<string, SharedSync>();

  constructor(root: string) {
    this.#root = root;
    this.#known.add(root);
  }

  /**
   * Makes the names in a folder durable, and the folder's own name too unless this process has done so before: another
   * process may have created the folder a moment ago and not have come to its sync yet. Calls that come while a sync of the
   * folder is under way, which may have begun before their names were there, share the next one.
   */
  async sync(folder: string): Promise<void> {
    if (this.#known.has(folder)) return this.#share(folder);
    const folders = chain(folder, this.#root);
    await Promise.all(folders.map((each) => this.#share(each)));
    for (const each of folders) this.#known.add(each);
  }

  #share(folder: string): Promise<void> {
    const underWay = this.#underWay.get(folder);
    if (underWay === undefined) return this.#begin(folder);
    const begin = (): Promise<void> => this.#begin(folder);
    underWay.next ??= underWay.done.then(begin, begin);
    return underWay.next;
  }

  async #begin(folder: string): Promise<void> {
    const sync: SharedSync = { done: syncFolder(folder), next: undefined };
    this.#underWay.set(folder, sync);
    try {
      await sync.done;
    } finally {
      // With a next one, that has begun by now and stands here itself.
      if (this.#underWay.get(folder) === sync) this.#underWay.delete(folder);
    }
  }

  /** Call it when a folder had to be created: what was known of folders before is of no use. */
  forget(): void {
    this.#known.clear();
    this.#known.add(this.#root);
  }
}

/** The folder, its parent, and so on up to the last one. */
function chain(folder: string, last: string): readonly string[] {
  const folders = [folder];
  let current = folder;
  while (current !== last && dirname(current) !== current) {
    current = dirname(current);
    folders.push(current);
  }
  return folders;
}
