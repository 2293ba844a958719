import type { Backoff } from "../../base/index.ts";

/** What a list of items is taken from. Of a text that is meant as a path, make `linesOf(path)`. */
export type ItemSource<Item> = (Iterable<Item> | AsyncIterable<Item>) & object;

/** How `forEach` goes about a list of items. */
export interface ForEachOptions<Item> {
  /** The list's name in the record of the job: `a-z A-Z 0-9 . _ -`. One for each list; default `items`. */
  readonly name?: string;
  /**
   * What an item is known by, whatever its place in the source. Without it an item is known by its place, and each life of the
   * job must be given the same items in the same order.
   */
  readonly key?: (item: Item) => string;
  /** How many items may be under way at once; default 1. */
  readonly concurrency?: number;
  /** How often an item that failed is tried again in one life of the job; default 0. */
  readonly retries?: number;
  /** The waits between tries; default: 500 ms, doubled each time up to 30 s. The item keeps its place among those under way. */
  readonly backoff?: Backoff;
  /** How long one try may take, in ms; default: without limit. */
  readonly timeoutMs?: number;
  /**
   * What becomes of an item whose tries have all failed. `reject` (default): all other items are handled, `forEach` rejects at the
   * end, and the next life of the job tries the item again. `keep`: it counts as handled; `results` has its error.
   */
  readonly onFailure?: "reject" | "keep";
  /** How long a result may wait for its commit, in ms; default 1000. */
  readonly commitEveryMs?: number;
  /** With so many bytes waiting a commit begins at once; default 1 MiB. With 16 times as many no new item begins. */
  readonly commitEveryBytes?: number;
  /** How many items there are, for progress, where the source does not say it. */
  readonly total?: number;
}

/** What the work on one item is told beside the item. */
export interface ItemContext {
  /** The item's place in the source: 0, 1, 2 … */
  readonly index: number;
  /** What `options.key` said, or the index as text. */
  readonly key: string;
  /**
   * 32 hex digits that this item has in each try and each life of the job, and no other item has: for services that
   * do the same request only once.
   */
  readonly idempotencyKey: string;
  /** Aborts when the try has timed out, or when the machine is left and there is no more time for it. */
  readonly signal: AbortSignal;
  /** 1, 2, 3 … in this life of the job. */
  readonly tryNumber: number;
  /** Where the item's line begins in its file, in bytes; only with `linesOf`. */
  readonly offset?: number;
}

/** What is done with each item. Its result is kept as `structuredClone` would give it. */
export type ItemWork<Item, Result> = (item: Item, context: ItemContext) => Promise<Result> | Result;

/** What became of a list of items. */
export interface ItemsSummary {
  /** Items that were done now. */
  readonly done: number;
  /** Items that failed for good now. */
  readonly failed: number;
  /** Items that earlier lives of the job had handled. */
  readonly skipped: number;
  /** All of them together; the same key twice counts once. */
  readonly total: number;
}

/** An error as the record keeps it. */
export interface ItemError {
  readonly name: string;
  readonly message: string;
}

/** What the record says about one item. */
export type ItemOutcome<Result> =
  | { readonly kind: "done"; readonly index: number; readonly key: string; readonly result: Result }
  | {
      readonly kind: "failed";
      readonly index: number;
      readonly key: string;
      readonly error: ItemError;
      /** How many tries failed in the life of the job that gave the item up. */
      readonly tries: number;
    };
