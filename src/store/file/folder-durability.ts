import fs from "node:fs/promises";
import { dirname } from "node:path";
import { SpotproofError } from "../../base/index.ts";
import { asStoreError } from "./file-errors.ts";

/** Makes the names in one folder durable (C19). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
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

/** The sync of a folder that is under way, and the one after it. */
interface FolderSyncs {
  readonly running: Promise<void>;
  next: Promise<void> | undefined;
}

/** The folders of one store whose own names, up to the store's folder, this process has made durable. */
export class DurableFolders {
  readonly #root: string;
  readonly #known = new Set<string>();
  readonly #syncs = new Map<string, FolderSyncs>();

  constructor(root: string) {
    this.#root = root;
    this.#known.add(root);
  }

  /** Whether the folder's own name is durable, as far as this process knows. */
  knows(folder: string): boolean {
    return this.#known.has(folder);
  }

  /**
   * Makes the names in a folder durable, and the folder's own name too unless this process has done so before: another
   * process may have created the folder a moment ago and not have come to its sync yet.
   */
  async sync(folder: string): Promise<void> {
    if (this.#known.has(folder)) return this.#syncShared(folder);
    const folders = chain(folder, this.#root);
    await Promise.all(folders.map((each) => this.#syncShared(each)));
    for (const each of folders) this.#known.add(each);
  }

  /** Callers that come while a folder is being synced share the next sync of it: many names cost two syncs, not many. */
  #syncShared(folder: string): Promise<void> {
    const syncs = this.#syncs.get(folder);
    if (syncs === undefined) return this.#beginSync(folder);
    const begin = (): Promise<void> => this.#beginSync(folder);
    syncs.next ??= syncs.running.then(begin, begin);
    return syncs.next;
  }

  #beginSync(folder: string): Promise<void> {
    const syncs: FolderSyncs = { running: syncFolder(folder), next: undefined };
    this.#syncs.set(folder, syncs);
    const over = (): void => {
      if (syncs.next === undefined) this.#syncs.delete(folder);
    };
    syncs.running.then(over, over);
    return syncs.running;
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
