import type { Block } from "./workshop.ts";

/** Lends a fixed number of blocks. In the place of one that was given up there is ordinary memory of this thread. */
export class BlockPool {
  readonly #free: Buffer[];
  readonly #waiting: ((block: Block) => void)[] = [];
  readonly #count: number;
  #givenUp = 0;

  constructor(blocks: readonly Buffer[]) {
    this.#free = [...blocks];
    this.#count = blocks.length;
  }

  /** All blocks are here, and are those that were here at first. */
  get isWhole(): boolean {
    return this.#free.length === this.#count && this.#givenUp === 0;
  }

  /** Whoever came first is served first. */
  take(): Promise<Block> {
    const bytes = this.#free.pop();
    if (bytes !== undefined) return Promise.resolve(this.#lend(bytes));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #lend(bytes: Buffer): Block {
    const passOn = (to: Buffer): void => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(to);
      else next(this.#lend(to));
    };
    return {
      bytes,
      release: () => passOn(bytes),
      discard: () => {
        this.#givenUp += 1;
        passOn(Buffer.allocUnsafeSlow(bytes.length));
      },
    };
  }
}
