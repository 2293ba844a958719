import type { Clock, MonotonicMs } from "../base/index.ts";

/** Wakes one loop when any of many things has changed. A ring while nobody waits is kept for the next wait. */
export class Bell {
  readonly #clock: Clock;
  #rung = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has changed. */
  ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  /** Resolves at the next ring, or at the given moment (never, when it is undefined). */
  async waitUntil(atMs: MonotonicMs | undefined): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        const timer = atMs === undefined ? undefined : this.#clock.after(atMs - this.#clock.now(), resolve);
        this.#wake = () => {
          timer?.cancel();
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}
