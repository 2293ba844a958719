import { type Clock, type Random, SpotproofError } from "../base/index.ts";
import {
  type JobStore,
  Patience,
  type Store,
  type StoreKey,
  createMemoryStore,
  retryCalls,
} from "../store/index.ts";

/** A checkpoint that was committed. */
export interface PlayedCheckpoint {
  readonly id: string;
  /** The life that made it, as the job counts them. */
  readonly attempt: number;
  /** When, in virtual ms since the test began. */
  readonly atMs: number;
}

/** One side of a write: a life may be cut there. */
export type WriteMoment = (side: "before" | "after", write: { readonly isSave: boolean }) => void;

/** One life's way to the store. */
export interface StoreUser {
  readonly clock: Clock;
  readonly random: Random;
  /** Throws when this life has crashed. */
  readonly requireAlive: () => void;
  /** Throws when the life is cut there. */
  readonly onWrite: WriteMoment;
}

/** A store in memory that can be away, full, or damaged. */
export class PlayedStore {
  readonly checkpoints: PlayedCheckpoint[] = [];
  readonly #inner = createMemoryStore();
  readonly #nowMs: () => number;
  #awayUntilMs = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** No call is answered for so long. */
  goAway(forMs: number): void {
    this.#awayUntilMs = this.#nowMs() + forMs;
  }

  /** From now on there is room, or none. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
  }

  /** Changes a byte of the newest checkpoint that is there; gives its name. */
  async damageNewest(): Promise<string> {
    const present = (await this.#inner.list("jobs/"))
      .filter(({ key }) => isManifest(key))
      .map(({ key }) => key);
    const damaged = new Set(this.#damaged);
    const newest = this.checkpoints.findLast(
      ({ id }) => present.some((key) => idOf(key) === id) && !damaged.has(id),
    );
    const key = present.find((candidate) => idOf(candidate) === newest?.id);
    const bytes = key === undefined ? undefined : await this.#inner.read(key);
    if (newest === undefined || key === undefined || bytes === undefined) {
      throw new SpotproofError("bad-usage", "There is no checkpoint yet that could be damaged.");
    }
    const middle = bytes.length >>> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await this.#inner.replace(key, [bytes]);
    this.#damaged.push(newest.id);
    return newest.id;
  }
  readonly #damaged: string[] = [];

  /** The store as one life sees it. */
  openedFor(user: StoreUser): JobStore {
    const store = this.#seenBy(user);
    return {
      store,
      caution: undefined,
      disturbedBy: undefined,
      sweep: () => Promise.resolve(0),
      close: () => Promise.resolve(),
      waiting: (patienceMs, onTrouble) => {
        const patience = new Patience({ clock: user.clock, random: user.random, patienceMs, onTrouble });
        return { store: retryCalls(store, patience), patience };
      },
    };
  }

  #seenBy(user: StoreUser): Store {
    const inner = this.#inner;
    const reading = async <Result>(read: () => Promise<Result>): Promise<Result> => {
      this.#begin(user);
      const result = await read();
      user.requireAlive();
      return result;
    };
    const writing = async <Result>(key: StoreKey, write: () => Promise<Result>): Promise<Result> => {
      this.#begin(user);
      if (this.#isFull)
        throw new SpotproofError("store-full", "The store in memory is full, as the test wants it.");
      const kind = { isSave: isManifest(key) };
      user.onWrite("before", kind);
      const result = await write();
      if (kind.isSave && result === "created") this.#committed(key);
      user.onWrite("after", kind);
      user.requireAlive();
      return result;
    };
    return {
      description: "store in memory",
      create: (key, bytes, options) => writing(key, () => inner.create(key, bytes, options)),
      replace: (key, bytes, options) => writing(key, () => inner.replace(key, bytes, options)),
      read: (key, options) => reading(() => inner.read(key, options)),
      list: (prefix, options) => reading(() => inner.list(prefix, options)),
      listFolders: (prefix, options) => reading(() => inner.listFolders(prefix, options)),
      remove: (key, options) => reading(() => inner.remove(key, options)),
    };
  }

  #begin({ requireAlive }: StoreUser): void {
    requireAlive();
    if (this.#nowMs() < this.#awayUntilMs) {
      throw new SpotproofError("store-unreachable", "The store in memory is away, as the test wants it.");
    }
  }

  #committed(key: StoreKey): void {
    const id = idOf(key);
    this.checkpoints.push({ id, attempt: Number(id.slice(0, 6)), atMs: this.#nowMs() });
  }
}

const isManifest = (key: StoreKey): boolean => /^jobs\/[^/]+\/checkpoints\/[^/]+\.json$/.test(key);
const idOf = (key: StoreKey): string => key.slice(key.lastIndexOf("/") + 1, -".json".length);
