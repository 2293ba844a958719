import fs from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { SpotproofError, systemErrorCode } from "../../base/index.ts";
import { abortable } from "../abortable.ts";
import { STORE_MARKER } from "../store-format.ts";
import type {
  CallOptions,
  CreatedAndLooked,
  ReadOptions,
  Store,
  StoreBytes,
  StoreKey,
  StoredObject,
} from "../store.ts";
import { asStoreError } from "./file-errors.ts";
import { prepareStore } from "./first-use.ts";
import { DurableFolders } from "./folder-durability.ts";
import { linkIfAbsent } from "./link-if-absent.ts";
import { TEMPORARY_FOLDER, pathOfKey, pathOfPrefix } from "./key-path.ts";
import { mountCaution } from "./network-mount.ts";
import { foldersIn, objectsBelow, readObject } from "./object-reading.ts";
import { SmallWriter } from "./small-writer.ts";
import { discard, sweepTemporary, temporaryPath, writeTemporary } from "./temporary-file.ts";

// A store in a folder of any file system that has hard links.
//   F1. A file gets its final name only after its bytes are durable, by link (create) or rename (replace).
//   F2. A write resolves only after the names on the way to it are durable as well (C19).
//   F3. A file that has its final name is never written again; replace gives the name to another file.

/** So many objects are removed at once. */
const REMOVALS_AT_A_TIME = 32;

/** How `openFileStore` opens. */
export interface FileStoreOptions {
  /** `read` creates nothing, not even the folder; writing to the store then still works where the folder allows it. Default `write`. */
  readonly mode?: "read" | "write" | undefined;
  /** Small objects are created by a thread, once there were so many of them. Default: they are not. */
  readonly threadAfter?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A store in a folder. */
export interface FileStore extends Store {
  /** The absolute path of its folder. */
  readonly folder: string;
  /** A sentence for people, when the store works but the way in which it is mounted weakens a promise. */
  readonly caution: string | undefined;
  /** Removes half-written files that processes left which died more than a day ago; tells how many there were. */
  sweep(options?: CallOptions): Promise<number>;
  /** Ends the thread that writes small objects, if there is one. */
  close(): void;
}

/**
 * Opens the store in a folder, creating the folder when it is absent. The first use of a folder tries whether
 * create-if-absent can be relied on there and leaves `spotproof-store.json`; later ones read that file, nothing more.
 * @throws SpotproofError `store-unreachable`, `store-not-writable`, `store-full`, `store-unsuitable`, `store-newer`,
 * `record-damaged`
 */
export async function openFileStore(folder: string, options: FileStoreOptions = {}): Promise<FileStore> {
  const path = resolve(folder);
  const [caution] = await abortable(options.signal, () =>
    Promise.all([mountCaution(path), prepareStore(path, options.mode ?? "write")]),
  );
  const { threadAfter } = options;
  return new FolderStore(path, caution, threadAfter === undefined ? undefined : new SmallWriter(threadAfter));
}

class FolderStore implements FileStore {
  readonly description: string;
  readonly folder: string;
  readonly caution: string | undefined;
  readonly #durable: DurableFolders;
  readonly #small: SmallWriter | undefined;

  constructor(folder: string, caution: string | undefined, small: SmallWriter | undefined) {
    this.#small = small;
    this.folder = folder;
    this.caution = caution;
    this.description = `folder ${folder}`;
    this.#durable = new DurableFolders(folder);
  }

  async create(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<"created" | "exists"> {
    return (await this.createAndLook(key, bytes, [], options)).created;
  }

  async createAndLook(
    key: StoreKey,
    bytes: StoreBytes,
    absent: readonly StoreKey[],
    options?: CallOptions,
  ): Promise<CreatedAndLooked> {
    const path = pathOfKey(this.folder, key);
    const paths = absent.map((each) => pathOfKey(this.folder, each));
    return abortable(options?.signal, async () => {
      const done = await this.#createSmall(path, bytes, paths);
      if (done !== undefined) return done;
      const name = (temporary: string): ReturnType<typeof linkIfAbsent> => linkIfAbsent(temporary, path);
      return { created: await this.#publish(path, bytes, options?.signal, name), allAbsent: false };
    });
  }

  async replace(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<void> {
    const path = pathOfKey(this.folder, key);
    await abortable(options?.signal, () =>
      this.#publish(path, bytes, options?.signal, async (temporary) => {
        await fs.rename(temporary, path);
        return "created";
      }),
    );
  }

  async read(key: StoreKey, options?: ReadOptions): Promise<Buffer | undefined> {
    const path = pathOfKey(this.folder, key);
    return abortable(options?.signal, () => readObject(path, options?.range, options?.into));
  }

  async list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]> {
    const folder = pathOfPrefix(this.folder, prefix);
    const found = await abortable(options?.signal, () => objectsBelow(folder, prefix));
    return [...found].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async listFolders(prefix: string, options?: CallOptions): Promise<readonly string[]> {
    const folder = pathOfPrefix(this.folder, prefix);
    const found = await abortable(options?.signal, () => foldersIn(folder, prefix));
    return [...found].sort();
  }

  async remove(key: StoreKey, options?: CallOptions): Promise<void> {
    const path = pathOfKey(this.folder, key);
    await abortable(options?.signal, () => this.#remove(path));
  }

  async removeAll(keys: readonly StoreKey[], options?: CallOptions): Promise<void> {
    const paths = keys.map((key) => pathOfKey(this.folder, key));
    await abortable(options?.signal, async () => {
      if ((await this.#small?.removeAll(paths, [...new Set(paths.map(dirname))])) === true) return;
      for (let at = 0; at < paths.length; at += REMOVALS_AT_A_TIME) {
        options?.signal?.throwIfAborted();
        await Promise.all(paths.slice(at, at + REMOVALS_AT_A_TIME).map((path) => this.#remove(path)));
      }
    });
  }

  async sweep(options?: CallOptions): Promise<number> {
    return abortable(options?.signal, () => sweepTemporary(this.folder, options?.signal));
  }

  close(): void {
    this.#small?.close();
  }

  /** In the thread for small objects; undefined when that has not done it. */
  async #createSmall(
    path: string,
    bytes: StoreBytes,
    absent: readonly string[],
  ): Promise<CreatedAndLooked | undefined> {
    const folder = dirname(path);
    if (this.#small?.takes(bytes) !== true || !this.#durable.knows(folder)) return undefined;
    const { outcome, allAbsent } = await this.#small.create(temporaryPath(this.folder), path, bytes, absent);
    if (outcome === "created" || outcome === "exists") return { created: outcome, allAbsent };
    if (outcome !== "named") return undefined;
    await this.#durable.sync(folder);
    return { created: "created", allAbsent: false };
  }

  /** Writes a temporary file, gives it its name with `name`, and makes the name durable (F1, F2). */
  async #publish(
    path: string,
    bytes: StoreBytes,
    signal: AbortSignal | undefined,
    name: (temporary: string) => Promise<"created" | "exists">,
  ): Promise<"created" | "exists"> {
    const temporary = await this.#writeTemporary(bytes, signal);
    let result: "created" | "exists";
    try {
      signal?.throwIfAborted();
      result = await this.#withFolder(dirname(path), () => name(temporary));
    } catch (error) {
      await discard(temporary);
      throw asStoreError(error, { doing: "linking", path });
    }
    // "exists" as well: the caller acts on that object, so it must not vanish with the power.
    await Promise.all([discard(temporary), this.#durable.sync(dirname(path))]);
    return result;
  }

  async #writeTemporary(bytes: StoreBytes, signal: AbortSignal | undefined): Promise<string> {
    const temporary = temporaryPath(this.folder);
    try {
      await writeTemporary(temporary, bytes, signal);
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
      await this.#makeTemporaryFolder();
      await writeTemporary(temporary, bytes, signal).catch((again: unknown) => {
        throw asStoreError(again, { doing: "writing", path: temporary });
      });
    }
    return temporary;
  }

  /** The temporary folder is missing: somebody tidied up, or the file system is not mounted any more. */
  async #makeTemporaryFolder(): Promise<void> {
    const marker = await readObject(join(this.folder, STORE_MARKER));
    if (marker === undefined) {
      throw new SpotproofError(
        "store-unreachable",
        `${this.folder} has no ${STORE_MARKER} any more. Is its file system still mounted?`,
      );
    }
    const folder = join(this.folder, TEMPORARY_FOLDER);
    try {
      await fs.mkdir(folder, { recursive: true });
    } catch (error) {
      throw asStoreError(error, { doing: "writing", path: folder });
    }
  }

  /** Tries first and creates the folder only when it turns out to be missing. */
  async #withFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
    this.#durable.forget();
    try {
      await fs.mkdir(folder, { recursive: true });
    } catch (error) {
      throw asStoreError(error, { doing: "writing", path: folder });
    }
    return action();
  }

  async #remove(path: string): Promise<void> {
    try {
      await fs.unlink(path);
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return;
      throw asStoreError(error, { doing: "removing", path });
    }
    await this.#durable.sync(dirname(path));
  }
}
