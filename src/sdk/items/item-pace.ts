import type { ItemsHost } from "./items-host.ts";
import { turn } from "../turn.ts";

/** So long, or for so many items, the event loop may stand. */
const LONGEST_STRETCH_MS = 8;
const LONGEST_STRETCH_ITEMS = 4096;
const PROGRESS_EVERY_MS = 500;

/** Between items: lets the event loop turn, and says how far the list is. */
export class ItemPace {
  readonly #host: ItemsHost;
  readonly #total: number | undefined;
  #stretchBegan: number;
  #items = 0;
  #told: number;

  constructor(host: ItemsHost, total: number | undefined) {
    this.#host = host;
    this.#total = total;
    this.#stretchBegan = host.clock.now();
    this.#told = this.#stretchBegan;
  }

  /** To be called before each item; what it gives is to be waited for. */
  step(handled: number): Promise<void> | undefined {
    const now = this.#host.clock.now();
    if (now - this.#told >= PROGRESS_EVERY_MS) {
      this.#told = now;
      this.#host.progress(handled, this.#total, "items");
    }
    this.#items += 1;
    if (now - this.#stretchBegan < LONGEST_STRETCH_MS && this.#items < LONGEST_STRETCH_ITEMS)
      return undefined;
    return this.#turn();
  }

  async #turn(): Promise<void> {
    await turn();
    this.#items = 0;
    this.#stretchBegan = this.#host.clock.now();
  }
}
