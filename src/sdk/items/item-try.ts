import { hash } from "node:crypto";
import type { Clock, Timer } from "../../base/index.ts";
import type { ItemContext, ItemWork } from "./items.ts";

/** How one try of an item ended. */
export type TryEnd =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  /** There was no time for it to end; what it still does counts for nothing. */
  | { readonly kind: "given-up" };

const GIVEN_UP: TryEnd = { kind: "given-up" };

/** What a try is one of. */
export interface TryOf {
  readonly index: number;
  /** The item's key, or its index as text. */
  readonly key: string;
  readonly offset: number | undefined;
  readonly tryNumber: number;
  /** The list that the item is in, as idempotency keys begin. */
  readonly list: string;
}

/** 32 hex digits for a key in a list of a job, the same in every life. `list` is the names of both. */
export function idempotencyKeyOf(list: string, key: string): string {
  return hash("sha256", `${list}\0${key}`, "hex").slice(0, 32);
}

/** What the work is told. Its signal and its idempotency key are made when they are asked for: most work needs neither. */
class TryContext implements ItemContext {
  readonly index: number;
  readonly key: string;
  readonly tryNumber: number;
  declare readonly offset?: number;
  readonly #list: string;
  #abort: AbortController | undefined;
  #abortedBy: { readonly reason: unknown } | undefined;

  constructor({ index, key, offset, tryNumber, list }: TryOf) {
    this.index = index;
    this.key = key;
    this.tryNumber = tryNumber;
    this.#list = list;
    if (offset !== undefined) this.offset = offset;
  }

  get idempotencyKey(): string {
    return idempotencyKeyOf(this.#list, this.key);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#abortedBy !== undefined) this.#abort.abort(this.#abortedBy.reason);
    }
    return this.#abort.signal;
  }

  abort(reason: unknown): void {
    this.#abortedBy = { reason };
    this.#abort?.abort(reason);
  }
}

/** What a try gives up with when its time is over. */
class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** All tries of a list that are under way: what ends them when their functions do not. */
export class TriesUnderWay {
  readonly #clock: Clock;
  readonly #timeoutMs: number | undefined;
  readonly #giveUps = new Set<(reason: unknown) => void>();

  constructor(clock: Clock, timeoutMs: number | undefined) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls the work. Its end comes at once when it does: no promise is made for a function that makes none. Never rejects. */
  begin<Item, Result>(item: Item, of: TryOf, work: ItemWork<Item, Result>): TryEnd | Promise<TryEnd> {
    const context = new TryContext(of);
    try {
      const value = work(item, context);
      return isPromiseLike(value) ? this.#settled(value, context) : { kind: "done", value };
    } catch (error) {
      return { kind: "failed", error };
    }
  }

  /** Ends all of them: their signals abort with the reason. */
  giveUp(reason: unknown): void {
    const giveUps = [...this.#giveUps];
    this.#giveUps.clear();
    for (const giveUp of giveUps) giveUp(reason);
  }

  #settled(working: PromiseLike<unknown>, context: TryContext): Promise<TryEnd> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const end = (how: TryEnd): void => {
        timer?.cancel();
        this.#giveUps.delete(giveUp);
        resolve(how); // the first end counts
      };
      const giveUp = (reason: unknown): void => {
        end(GIVEN_UP);
        context.abort(reason);
      };
      this.#giveUps.add(giveUp);
      const timeoutMs = this.#timeoutMs;
      if (timeoutMs !== undefined) {
        timer = this.#clock.after(timeoutMs, () => {
          const error = new TimeoutError(`The try took longer than ${timeoutMs} ms.`);
          end({ kind: "failed", error });
          context.abort(error);
        });
      }
      working.then(
        (value) => end({ kind: "done", value }),
        (error: unknown) => end({ kind: "failed", error }),
      );
    });
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Promise || ("then" in value && typeof value.then === "function");
}
