import { randomBytes } from "node:crypto";
import { SpotproofError } from "../base/index.ts";
import { STORE_MARKER, requireKnownFormat, storeMarker } from "./store-format.ts";
import type { Store, StoreKey, StoredObject } from "./store.ts";

// What every store but a folder does when it is opened. A folder has its own way, which needs no request beyond a read.

/** Below it, short-lived objects that try what a store can do. */
const PROBE_PREFIX = "spotproof-probe/";
const RACERS = 4;

/** How a store is opened. */
export interface PrepareOptions {
  /** `read` creates nothing, not even the marker. */
  readonly mode: "read" | "write";
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that what lies behind `store` is a store that this program can use, and gives a store that hides what this
 * needs there. A new store is tried by racing creators; one that is known must still say "exists" about its marker:
 * a server that ignores conditions (K16) is refused each time, since the job protocol would have two owners there.
 * @throws SpotproofError `store-unsuitable`, `store-newer`, `record-damaged`, or what the store throws
 */
export async function prepareStore(store: Store, { mode, signal }: PrepareOptions): Promise<Store> {
  const marker = await store.read(STORE_MARKER, { signal });
  if (marker !== undefined) requireKnownFormat(marker, `${STORE_MARKER} in ${store.description}`);
  if (mode === "write") {
    if (marker === undefined) await requireOneWinner(store, RACERS, signal);
    const result = await store.create(STORE_MARKER, [marker ?? storeMarker()], { signal });
    if (marker !== undefined && result === "created") throw ignoresConditions(store);
    // Another process was first; it may be of a newer version.
    if (marker === undefined && result === "exists") return prepareStore(store, { mode: "read", signal });
  }
  return hidingOwnKeys(store);
}

/**
 * Lets racing creators try to create one object: exactly one must win, and its bytes must be there.
 * @throws SpotproofError `store-unsuitable`, or what the store throws
 */
export async function requireOneWinner(store: Store, racers: number, signal?: AbortSignal): Promise<void> {
  const key: StoreKey = `${PROBE_PREFIX}${randomBytes(8).toString("hex")}`;
  try {
    const names = Array.from({ length: racers }, (_, racer) => `racer ${racer}`);
    const results = await Promise.all(
      names.map((name) => store.create(key, [Buffer.from(name)], { signal })),
    );
    const winners = names.filter((_, racer) => results[racer] === "created");
    const there = (await store.read(key, { signal }))?.toString();
    if (winners.length === 1 && there === winners[0]) return;
    const late = await store.create(key, [Buffer.from("late")], { signal });
    if (winners.length === 0 && late === "exists" && there !== undefined && names.includes(there)) {
      // The winner's answer was lost and its repetition found its own object: whose bytes are there has won.
      return;
    }
    throw ignoresConditions(
      store,
      `of ${racers} writers that created one object at once, ${winners.length} were told that they did`,
    );
  } finally {
    // A probe that stays costs a few bytes; the caller has a result or an error that matters more.
    await store.remove(key).catch(() => undefined);
  }
}

function ignoresConditions(store: Store, saw = "it created an object a second time"): SpotproofError {
  return new SpotproofError(
    "store-unsuitable",
    `${store.description} ignores the condition that an object must be absent: ${saw}. Two machines could own one job there.`,
  );
}

function hidingOwnKeys(store: Store): Store {
  const isOwn = ({ key }: StoredObject): boolean => key === STORE_MARKER || key.startsWith(PROBE_PREFIX);
  const allowed = <Result>(key: StoreKey, call: () => Promise<Result>): Promise<Result> => {
    if (!isOwn({ key, sizeBytes: 0 })) return call();
    return Promise.reject(new SpotproofError("internal", `"${key}" cannot be the key of an object.`));
  };
  return {
    description: store.description,
    create: (key, bytes, options) => allowed(key, () => store.create(key, bytes, options)),
    replace: (key, bytes, options) => allowed(key, () => store.replace(key, bytes, options)),
    read: (key, options) => allowed(key, () => store.read(key, options)),
    remove: (key, options) => allowed(key, () => store.remove(key, options)),
    list: async (prefix, options) => {
      const objects = await store.list(prefix, options);
      return prefix === "" ? objects.filter((object) => !isOwn(object)) : objects;
    },
    listFolders: async (prefix, options) => {
      const folders = await store.listFolders(prefix, options);
      return prefix === "" ? folders.filter((name) => `${name}/` !== PROBE_PREFIX) : folders;
    },
  };
}
