import type { Block } from "./workshop.ts";

/**
 * Lends a fixed number of blocks, each made when it is needed for the first time. In the place of one that was given up there
 * is ordinary memory of this thread.
 */
export class BlockPool {
  readonly #make: (number: number) => Buffer;
  readonly #free: Buffer[] = [];
  readonly #waiting: ((block: Block) => void)[] = [];
  #left: number;

  constructor(blocks: number, make: (number: number) => Buffer) {
    this.#left = blocks;
    this.#make = make;
  }

  /** Whoever came first is served first. */
  take(): Promise<Block> {
    const bytes = this.#free.pop() ?? this.#another();
    if (bytes !== undefined) return Promise.resolve(this.#lend(bytes));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #another(): Buffer | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    return this.#make(this.#left);
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
      discard: () => passOn(Buffer.allocUnsafeSlow(bytes.length)),
    };
  }
}
