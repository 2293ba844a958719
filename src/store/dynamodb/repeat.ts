import { type Backoff, type Clock, type Random, backoffMs } from "../../base/index.ts";
import { RepeatableError } from "./dynamodb-errors.ts";

/** Between tries of one request. A throttled table recovers within a second or so. */
const PAUSES: Backoff = { firstMs: 100, longestMs: 5_000 };
/** For all requests of one call together: below the limit of a call, which is a minute. */
const PATIENCE_MS = 45_000;
/** How often a request is sent that gets no answer. More is up to whoever called. */
const UNANSWERED_TRIES = 3;

/**
 * Repeats the single requests of one call that needs many. Writing 16 MiB takes some 40 requests, and a table that throttles
 * refuses one of them so surely that starting again from the first would never end.
 */
export class Repeater {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #signal: AbortSignal | undefined;
  readonly #untilMs: number;

  constructor(clock: Clock, random: Random, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#random = random;
    this.#signal = signal;
    this.#untilMs = clock.now() + PATIENCE_MS;
  }

  /** Calls `request`, which must be harmless to repeat, until it succeeds, fails for good or the patience is used up. */
  async run<T>(request: () => Promise<T>): Promise<T> {
    let unanswered = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof RepeatableError)) throw error;
        if (error.happened === "maybe") unanswered += 1;
        if (unanswered >= UNANSWERED_TRIES || !(await this.pause(tries))) throw error;
      }
    }
  }

  /** Waits before try number `tries` + 1. False: the patience is used up, and there was no wait. */
  async pause(tries: number): Promise<boolean> {
    const waitMs = backoffMs(PAUSES, tries, this.#random);
    if (this.#clock.now() + waitMs > this.#untilMs) return false;
    await this.#clock.sleep(waitMs, this.#signal);
    this.#signal?.throwIfAborted();
    return true;
  }
}

/**
 * Does `work` for 0, 1 … `count` - 1, at most `atOnce` at a time. After a failure nothing more is begun; what was begun is
 * waited for, so that nothing of it comes late, and then the first failure is thrown.
 */
export async function forEachIndex(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count && failures.length === 0) {
      const index = next;
      next += 1;
      await work(index).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  if (failures.length > 0) throw failures[0];
}
