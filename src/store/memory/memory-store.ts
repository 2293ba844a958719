import { SpotproofError } from "../../base/index.ts";
import type { ByteRange, CallOptions, Store, StoreBytes, StoreKey, StoredObject } from "../store.ts";

const KEY = /^(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)*$/;

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

  async read(
    key: StoreKey,
    options?: CallOptions & { readonly range?: ByteRange },
  ): Promise<Buffer | undefined> {
    await begin(options, key);
    const content = this.#objects.get(key);
    if (content === undefined) return undefined;
    const offset = options?.range?.offset ?? 0;
    const end = options?.range === undefined ? content.length : offset + options.range.length;
    // A copy: what a caller does to its bytes must not reach the store.
    return Buffer.from(content.subarray(offset, end));
  }

  async list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]> {
    await begin(options, prefix === "" ? "all" : `${prefix}all`, prefix === "" || prefix.endsWith("/"));
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
async function begin(options: CallOptions | undefined, key: StoreKey, well = true): Promise<void> {
  if (!well || !KEY.test(key))
    throw new SpotproofError("internal", `"${key}" cannot be the key of an object.`);
  options?.signal?.throwIfAborted();
  await Promise.resolve();
  options?.signal?.throwIfAborted();
}
