import {
  type Backoff,
  type Clock,
  type MonotonicMs,
  type Random,
  SpotproofError,
  backoffMs,
} from "../../base/index.ts";
import type { Store } from "../store.ts";
import { aroundEachCall, nameOfCall } from "./each-call.ts";

/** How a store that does not answer is waited for. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * How long one call may be in trouble before its last error is thrown, in ms; asked for after each failure. Infinity
   * waits for as long as the call's signal lets it.
   */
  readonly patienceMs: () => number;
  /** Between two tries. Default: 200 ms, doubling up to 5 s. */
  readonly backoff?: Backoff | undefined;
  /**
   * Told once when trouble begins (when a call has been failing for a second: shorter ones are the weather of every
   * network), with what failed, and once with undefined when it is over. One state for everything that is done with
   * these options, not one word for each call.
   */
  readonly onTrouble?: ((error: SpotproofError | undefined, what: string) => void) | undefined;
}

const USUAL_BACKOFF: Backoff = { firstMs: 200, longestMs: 5000 };

/** Trouble that lasts no longer is not worth a word. */
const UNTOLD_MS = 1000;

/** Does things again and again while a store does not answer, and knows whether it is in trouble at present. */
export class Patience {
  readonly #options: RetryOptions;
  /** Things that have failed and are not over. */
  #failing = 0;
  #told = false;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /**
   * Does `work` until it succeeds, fails with anything but `store-unreachable`, has been in trouble for longer than the
   * patience, or `signal` aborts (rejects with its reason). `what` is for `onTrouble`.
   *
   * `store-full` is not tried again here, though it may help later: what makes room (a prune, a person) comes after the
   * save that meets it, and that save would hold its buffers and its staging folder until then.
   */
  async run<Result>(
    what: string,
    signal: AbortSignal | undefined,
    work: (repetition: number) => Promise<Result>,
  ): Promise<Result> {
    const { clock, random, patienceMs, backoff = USUAL_BACKOFF } = this.#options;
    const startedAtMs = clock.now();
    let failedAtMs: MonotonicMs | undefined;
    try {
      for (let repetition = 0; ; repetition += 1) {
        try {
          const result = await work(repetition);
          if (this.#told && this.#failing === (failedAtMs === undefined ? 0 : 1)) this.#tell(undefined, what);
          return result;
        } catch (error) {
          if (signal?.aborted === true) throw signal.reason;
          if (!(error instanceof SpotproofError) || error.code !== "store-unreachable") throw error;
          if (failedAtMs === undefined) this.#failing += 1;
          failedAtMs ??= clock.now();
          const waitMs = backoffMs(backoff, repetition + 1, random);
          if (clock.now() + waitMs - failedAtMs > patienceMs()) throw error;
          if (clock.now() - startedAtMs >= UNTOLD_MS) this.#tell(error, what);
          await clock.sleep(waitMs, signal);
          signal?.throwIfAborted();
        }
      }
    } finally {
      if (failedAtMs !== undefined) this.#failing -= 1;
    }
  }

  #tell(error: SpotproofError | undefined, what: string): void {
    const isTrouble = error !== undefined;
    if (this.#told === isTrouble) return;
    this.#told = isTrouble;
    this.#options.onTrouble?.(error, what);
  }
}

/**
 * A store whose calls are repeated while it does not answer, creates too. A create whose first answer was lost then finds
 * its own object and is told "exists": whoever creates compares what is there with what it wrote.
 */
export function retryCalls(store: Store, patience: Patience): Store {
  return aroundEachCall(store, (call, make) =>
    patience.run(nameOfCall(call), call.signal, (repetition) => make(call.signal, repetition)),
  );
}
