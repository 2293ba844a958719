import fs from "node:fs/promises";
import { dirname } from "node:path";
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
 * Creates a folder with its parents and makes the new names durable.
 * @throws the system's error
 */
export async function makeFolderDurably(folder: string): Promise<void> {
  const firstCreated = await fs.mkdir(folder, { recursive: true });
  if (firstCreated === undefined) return;
  await Promise.all(chain(dirname(folder), dirname(firstCreated)).map(syncFolder));
}

/** The folders of one store whose own names, up to the store's folder, this process has made durable. */
export class DurableFolders {
  readonly #root: string;
  readonly #known = new Set<string>();

  constructor(root: string) {
    this.#root = root;
    this.#known.add(root);
  }

  /**
   * Makes the names in a folder durable, and the folder's own name too unless this process has done so before: another
   * process may have created the folder a moment ago and not have come to its sync yet.
   */
  async sync(folder: string): Promise<void> {
    if (this.#known.has(folder)) return syncFolder(folder);
    const folders = chain(folder, this.#root);
    await Promise.all(folders.map(syncFolder));
    for (const each of folders) this.#known.add(each);
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
