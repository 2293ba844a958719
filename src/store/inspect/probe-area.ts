import { randomBytes } from "node:crypto";
import { reasonOf } from "../../base/index.ts";
import type { CallOptions, Store, StoreKey, StoredObject } from "../store.ts";

// Where an inspection keeps its objects: beside `jobs/`, so that no job sees them, all in one folder, so that a store that
// has real folders is left with one empty folder at most, each with the inspection's own id, so that two do not meet.

/** Below it, the objects of all inspections. */
export const INSPECTION_PREFIX = "spotproof-doctor/";

const OWN_KEY = /^spotproof-doctor\/([0-9a-f]{16})\.[a-z0-9-]+$/;

/** The id of the inspection that an object belongs to; undefined for what is none of ours. */
export const inspectionOf = (key: StoreKey): string | undefined => OWN_KEY.exec(key)?.[1];

/** The objects of one inspection. */
export class ProbeArea {
  readonly id = randomBytes(8).toString("hex");
  /** What may be there: every key that was written, whatever the answer. */
  readonly #written = new Set<StoreKey>();

  /** The key of a probe: `name` is of `a-z 0-9 -`. It counts as written from now on, by whomever. */
  key(name: string): StoreKey {
    const key = `${INSPECTION_PREFIX}${this.id}.${name}`;
    this.#written.add(key);
    return key;
  }

  /** Removes one probe; rejects when that does not work, and it then counts as there. */
  async remove(store: Store, key: StoreKey, options?: CallOptions): Promise<void> {
    await store.remove(key, options);
    this.#written.delete(key);
  }

  /** Every key that was written and not removed. */
  mayBeThere(): readonly StoreKey[] {
    return [...this.#written];
  }

  /** Removes everything of this inspection, as far as it can. Gives what is still there, or may be. */
  async clear(store: Store, options?: CallOptions): Promise<readonly StoreKey[]> {
    const listed = (await this.#listed(store, options)) ?? [];
    const left = await removeAll(store, [...new Set([...this.#written, ...listed])], options);
    if (left.length === 0) return [];
    // Removing what never came to be may have failed as well: what is surely not there is not left.
    const after = await this.#listed(store, options);
    const there: StoreKey[] = [];
    for (const key of left) if (await mayBeThere(store, key, after, options)) there.push(key);
    return there;
  }

  /** The objects of this inspection as a listing shows them; undefined when there is no listing to be had. */
  async #listed(store: Store, options?: CallOptions): Promise<readonly StoreKey[] | undefined> {
    try {
      const objects = await store.list(INSPECTION_PREFIX, options);
      return objects.map(({ key }) => key).filter((key) => inspectionOf(key) === this.id);
    } catch {
      // What was written is known without one, and the check of rights tells that listing does not work.
      return undefined;
    }
  }
}

const AT_ONCE = 8;

/** Removes objects; gives those for which that did not work. */
export async function removeAll(
  store: Store,
  keys: readonly StoreKey[],
  options?: CallOptions,
): Promise<readonly StoreKey[]> {
  const left: StoreKey[] = [];
  for (let begin = 0; begin < keys.length; begin += AT_ONCE) {
    const some = keys.slice(begin, begin + AT_ONCE);
    const results = await Promise.allSettled(some.map((key) => store.remove(key, options)));
    left.push(...some.filter((_, index) => results[index]?.status === "rejected"));
  }
  return left;
}

async function mayBeThere(
  store: Store,
  key: StoreKey,
  listed: readonly StoreKey[] | undefined,
  options?: CallOptions,
): Promise<boolean> {
  try {
    return (await store.read(key, { ...options, range: { offset: 0, length: 1 } })) !== undefined;
  } catch {
    // It cannot be looked at: then a listing has to do, and without one it is named rather than forgotten.
    return listed === undefined || listed.includes(key);
  }
}

/** The objects of other inspections, by their ids. */
export async function othersListed(
  store: Store,
  ownId: string,
  options?: CallOptions,
): Promise<ReadonlyMap<string, readonly StoredObject[]>> {
  const others = new Map<string, StoredObject[]>();
  for (const object of await store.list(INSPECTION_PREFIX, options)) {
    const id = inspectionOf(object.key);
    if (id === undefined || id === ownId) continue;
    others.set(id, [...(others.get(id) ?? []), object]);
  }
  return others;
}

/** Why a call has failed, for a line of a report. */
export const shortReason = (error: unknown): string =>
  reasonOf(error)
    .replace(/ \[[a-z-]+\]$/, "")
    .replaceAll(/\s+/g, " ");
