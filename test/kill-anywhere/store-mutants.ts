import fs from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileStore, Store, StoreBytes, StoreKey } from "../../src/store/index.ts";

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
  ["written-in-place", "C01 C2"],
  ["packs-removed-before-manifests", "C05 C4"],
];

/** The store with the flaw. */
export function spoil(mutant: Mutant | undefined, store: FileStore): Store {
  if (mutant === undefined) return store;
  const spoiled: Store = Object.create(store, {
    description: { value: store.description },
    create: { value: createOf(mutant, store) },
    replace: { value: store.replace.bind(store) },
    read: { value: store.read.bind(store) },
    list: { value: store.list.bind(store) },
    listFolders: { value: store.listFolders.bind(store) },
    remove: { value: removeOf(mutant, store) },
  }) as Store;
  return spoiled;
}

function createOf(mutant: Mutant, store: FileStore): Store["create"] {
  const held: (readonly [StoreKey, StoreBytes])[] = [];
  return async (key, bytes) => {
    if (mutant === "manifest-before-packs" && key.includes("/packs/")) {
      held.push([key, bytes.map((piece) => Buffer.from(piece))]);
      return "created";
    }
    if (mutant === "acknowledged-before-commit" && key.includes("/checkpoints/")) {
      const copy = bytes.map((piece) => Buffer.from(piece));
      setImmediate(() => void store.create(key, copy));
      return "created";
    }
    if (mutant === "written-in-place" && key.includes("/packs/")) return writeInPlace(store, key, bytes);
    const result = await store.create(key, bytes);
    for (const [late, content] of held.splice(0)) await store.create(late, content);
    return result;
  };
}

/** Adds to a pack that is there already under its final name. */
async function writeInPlace(store: FileStore, key: StoreKey, bytes: StoreBytes): Promise<"created"> {
  const path = join(store.folder, key);
  await fs.mkdir(dirname(path), { recursive: true });
  const earlier = key.replace(/\d{6}$/, "000001");
  const handle = await fs.open(join(store.folder, earlier), "a");
  await handle.writev([...bytes]);
  await handle.close();
  if (earlier !== key) await store.create(key, bytes);
  return "created";
}

function removeOf(mutant: Mutant, store: FileStore): Store["remove"] {
  const held: StoreKey[] = [];
  return async (key) => {
    if (mutant !== "packs-removed-before-manifests") return store.remove(key);
    if (key.includes("/checkpoints/")) {
      held.push(key);
      return;
    }
    await store.remove(key);
    for (const late of held.splice(0)) await store.remove(late);
  };
}
