import type { CallOptions, Store } from "./store.ts";

/** A store that was opened, and what only its kind can do. */
export interface OpenedStore {
  readonly store: Store;
  /** A sentence for people, when the store works but something about its place weakens a promise. */
  readonly caution: string | undefined;
  /** So many calls that move much data use all of its speed; undefined: a few, as on a disk. */
  readonly largeCallsAtATime?: number | undefined;
  /** Removes what writers left half-written that died long ago; tells how many such things there were. */
  sweep(options?: CallOptions): Promise<number>;
  /** Lets go of connections and workers. Nothing may be called afterwards. */
  close(): Promise<void>;
}
