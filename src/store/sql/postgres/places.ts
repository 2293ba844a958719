import { abortable } from "../../abortable.ts";

/** A number of places; whoever finds none waits for its turn. */
export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a place as soon as there is one. Rejects with the signal's reason when it aborts before. */
  async enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    let turn: (() => void) | undefined;
    const myTurn = new Promise<void>((resolve) => {
      turn = resolve;
      this.#waiting.push(resolve);
    });
    try {
      await abortable(signal, () => myTurn);
    } catch (error) {
      const position = this.#waiting.findIndex((waiting) => waiting === turn);
      if (position >= 0) this.#waiting.splice(position, 1);
      else this.leave();
      throw error;
    }
  }

  /** Hands the place on, or gives it back. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
