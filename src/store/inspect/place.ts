import type { CallOptions, Store, StoreKey } from "../store.ts";

/** A store that was opened to be inspected, with connections of its own. */
export interface OpenedPlace {
  /** Its calls have a limit of their own that suits the largest of them. */
  readonly store: Store;
  /** Sentences for people about what weakens a promise here. */
  readonly cautions: readonly string[];
  /** What lies there, such as a kind of file system. */
  readonly place?: string | undefined;
  /**
   * When the object was written by the store's own clock, in ms since 1970; undefined when the store does not say. For
   * people alone: nothing in Spotproof depends on it.
   */
  readonly writtenAt?: ((key: StoreKey, options?: CallOptions) => Promise<number | undefined>) | undefined;
  readonly close?: (() => Promise<void>) | undefined;
}

/** How a store is reached. */
export interface InspectedPlace {
  /** For messages, also when it cannot be opened. No secrets. */
  readonly description: string;
  /** Opens the store once more. `write` as a job does; `read` creates nothing and tries nothing. */
  open(mode: "read" | "write", signal: AbortSignal): Promise<OpenedPlace>;
  /** Starts processes that race, each with a store that it opens itself. Absent where there can be none. */
  readonly startRacers?: ((count: number, signal: AbortSignal) => Promise<readonly Racer[]>) | undefined;
}

/** What a racer was told about one object: that it created it, that it exists, or no clear answer. */
export type RacerAnswer = "created" | "exists" | { readonly failed: string };

/** One of several writers that try to create the same objects at once. */
export interface Racer {
  /** Stands in every object that it creates. */
  readonly name: string;
  /** Gets ready for these objects: what is to be created is in memory. Afterwards `go` waits for nothing but the store. */
  prepare(keys: readonly StoreKey[]): Promise<void>;
  /** Creates the prepared objects, all at once; the answers in the order of the keys. */
  go(): Promise<readonly RacerAnswer[]>;
  /** What these objects hold as text; null for one that is absent. */
  look(keys: readonly StoreKey[]): Promise<readonly (string | null)[]>;
  /** Lets go of the store, and ends its process. Never rejects. */
  close(): Promise<void>;
}
