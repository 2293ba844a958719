import type { Store, StoreBytes, StoreKey, StoredObject } from "../../src/store/index.ts";

// Stores, and so engines, that break a promise on purpose. The harness must find each of them out.

/** How the engine is spoiled. */
export type Mutant =
  | "manifest-before-packs"
  | "acknowledged-before-commit"
  | "written-in-place"
  | "packs-removed-before-manifests";

/** All of them, with the promise that each one breaks. */
export const MUTANTS: readonly (readonly [Mutant, string])[] = [
  ["manifest-before-packs", "C01 C1"],
  ["acknowledged-before-commit", "C06 C5"],
  ["written-in-place", "C01"],
  ["packs-removed-before-manifests", "C05 C4"],
];

/** The store with the flaw. */
export function spoil(mutant: Mutant | undefined, store: Store): Store {
  return mutant === undefined ? store : new SpoiledStore(mutant, store);
}

class SpoiledStore implements Store {
  readonly description: string;
  readonly #mutant: Mutant;
  readonly #store: Store;
  /** What was answered as done and is not. */
  #late: (() => Promise<unknown>)[] = [];

  constructor(mutant: Mutant, store: Store) {
    this.description = store.description;
    this.#mutant = mutant;
    this.#store = store;
  }

  async create(key: StoreKey, bytes: StoreBytes): Promise<"created" | "exists"> {
    const [isPack, isManifest] = [key.includes("/packs/"), key.includes("/checkpoints/")];
    const create = (): Promise<"created" | "exists"> => this.#store.create(key, bytes);
    if (this.#mutant === "manifest-before-packs" && isPack) return this.#postpone(key, bytes);
    if (this.#mutant === "manifest-before-packs" || this.#mutant === "packs-removed-before-manifests") {
      const result = await create();
      await this.#catchUp();
      return result;
    }
    await this.#catchUp();
    if (this.#mutant === "acknowledged-before-commit" && isManifest) return this.#postpone(key, bytes);
    if (this.#mutant === "written-in-place" && isManifest) return this.#writeInPlace(key, bytes);
    return create();
  }

  async replace(key: StoreKey, bytes: StoreBytes): Promise<void> {
    await this.#catchUp();
    await this.#store.replace(key, bytes);
  }

  async remove(key: StoreKey): Promise<void> {
    const remove = (): Promise<void> => this.#store.remove(key);
    const isLate = this.#mutant === "packs-removed-before-manifests" && key.includes("/checkpoints/");
    if (isLate) this.#late.push(remove);
    else await remove();
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    await this.#catchUp();
    return this.#store.list(prefix);
  }

  read(...call: Parameters<Store["read"]>): ReturnType<Store["read"]> {
    return this.#store.read(...call);
  }

  listFolders(prefix: string): Promise<readonly string[]> {
    return this.#store.listFolders(prefix);
  }

  #postpone(key: StoreKey, bytes: StoreBytes): "created" {
    const copy = bytes.map((piece) => Buffer.from(piece)); // the engine uses its buffers again
    this.#late.push(() => this.#store.create(key, copy));
    return "created";
  }

  async #catchUp(): Promise<void> {
    const late = this.#late;
    this.#late = [];
    for (const act of late) await act();
  }

  /** Writes an object under its final name, in two pieces. */
  async #writeInPlace(key: StoreKey, bytes: StoreBytes): Promise<"created" | "exists"> {
    const whole = Buffer.concat([...bytes]);
    const result = await this.#store.create(key, [whole.subarray(0, whole.length / 2)]);
    if (result === "created") await this.#store.replace(key, [whole]);
    return result;
  }
}
