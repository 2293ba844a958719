import { requireKey, requirePrefix } from "../key-rules.ts";
import type { CallOptions, ReadOptions, Store, StoreBytes, StoreKey, StoredObject } from "../store.ts";

/** A store that lives as long as this process: for tests and models. It keeps the promises of every other store. */
export function createMemoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly description = "memory";
  readonly #objects = new Map<StoreKey, Buffer>();

  async create(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<"created" | "exists"> {
    await begin(options, key);
    if (this.#objects.has(key)) return "exists";
    this.#objects.set(key, Buffer.concat(bytes));
    return "created";
  }

  async replace(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<void> {
    await begin(options, key);
    this.#objects.set(key, Buffer.concat(bytes));
  }

  async read(key: StoreKey, options?: ReadOptions): Promise<Buffer | undefined> {
    await begin(options, key);
    const content = this.#objects.get(key);
    if (content === undefined) return undefined;
    const offset = options?.range?.offset ?? 0;
    const end = options?.range === undefined ? content.length : offset + options.range.length;
    // A copy: what a caller does to its bytes must not reach the store.
    return Buffer.from(content.subarray(offset, end));
  }

  async list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]> {
    requirePrefix(prefix);
    await begin(options);
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, content]) => ({ key, sizeBytes: content.length }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async listFolders(prefix: string, options?: CallOptions): Promise<readonly string[]> {
    const below = (await this.list(prefix, options)).map((object) => object.key.slice(prefix.length));
    const folders = below.filter((key) => key.includes("/")).map((key) => key.slice(0, key.indexOf("/")));
    return [...new Set(folders)].sort();
  }

  async remove(key: StoreKey, options?: CallOptions): Promise<void> {
    await begin(options, key);
    this.#objects.delete(key);
  }
}

/** Every call takes its effect some moment after it was made, as with a real store. */
async function begin(options: CallOptions | undefined, key?: StoreKey): Promise<void> {
  if (key !== undefined) requireKey(key);
  options?.signal?.throwIfAborted();
  await Promise.resolve();
  options?.signal?.throwIfAborted();
}
