import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../base/index.ts";

/** Waiting for long items that are under way takes at most a tenth of the time. */
const WAIT_SHARE = 10;
const SHORT_WAIT_MS = 200;
const LONGEST_PAUSE_MS = 600_000;

/**
 * Items that write files, and saves of these files: while a save looks, no item is under way, so that the files and the record are of
 * one moment. An item within an item passes: it would wait for itself.
 */
export class WriteGate {
  readonly #clock: Clock;
  readonly #inside = new AsyncLocalStorage<true>();
  #active = 0;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #nextAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does the work of an item, when no save is looking. */
  async pass<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    if (this.#inside.getStore() === true) return work();
    while (this.#closed !== undefined) await this.#closed;
    this.#active += 1;
    try {
      return await this.#inside.run(true, async () => work());
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  /** Does the save when no item is under way; none begins meanwhile. `hurry` spares the pause after a long wait. */
  async still<Result>(hurry: AbortSignal, save: () => Promise<Result>): Promise<Result> {
    // An item that asks for a save by itself cannot be waited for.
    if (this.#inside.getStore() === true) return save();
    await this.#clock.sleep(Math.max(0, this.#nextAtMs - this.#clock.now()), hurry);
    while (this.#closed !== undefined) await this.#closed;
    let open = (): void => undefined;
    this.#closed = new Promise((resolve) => {
      open = resolve;
    });
    try {
      const beganAtMs = this.#clock.now();
      if (this.#active > 0) {
        await new Promise<void>((resolve) => {
          this.#onIdle = resolve;
        });
      }
      const waitedMs = this.#clock.now() - beganAtMs;
      const pauseMs = waitedMs < SHORT_WAIT_MS ? 0 : Math.min(WAIT_SHARE * waitedMs, LONGEST_PAUSE_MS);
      this.#nextAtMs = this.#clock.now() + pauseMs;
      return await save();
    } finally {
      this.#onIdle = undefined;
      this.#closed = undefined;
      open();
    }
  }
}
