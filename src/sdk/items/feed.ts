/** Where items come from, one after the other. */
export interface Feed<Item> {
  /**
   * Goes to the next item: true when there is one, false when the source has ended. A promise: it is not known yet; wait for it and
   * call again. Another caller may have taken the item meanwhile.
   * @throws what the source throws; so does the promise
   */
  advance(): boolean | Promise<void>;
  /** The item that `advance` went to, and its place. */
  readonly item: Item;
  readonly index: number;
  /** Where it begins in its file. */
  readonly offset?: number | undefined;
  /** How many items there are, when that is known beforehand. */
  readonly total?: number | undefined;
  /** Lets go of the source, wherever it is; of one that has ended too. */
  close(): Promise<void> | void;
}

/** Items of an array, a set, a generator. */
export class IterableFeed<Item> implements Feed<Item> {
  readonly total: number | undefined;
  index = -1;
  readonly #iterator: Iterator<Item>;
  #item: Item | undefined;
  #isOver = false;

  constructor(source: Iterable<Item>) {
    this.total = sizeOf(source);
    this.#iterator = source[Symbol.iterator]();
  }

  get item(): Item {
    return this.#item as Item;
  }

  advance(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true; // unless it goes well: an iterator that has thrown is not asked again
    const next = this.#iterator.next();
    if (next.done === true) return false;
    this.#isOver = false;
    this.#item = next.value;
    this.index += 1;
    return true;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#iterator.return?.();
  }
}

/** Items of a stream, an async generator. One is asked for at a time. */
export class AsyncIterableFeed<Item> implements Feed<Item> {
  index = -1;
  readonly #iterator: AsyncIterator<Item>;
  #item: Item | undefined;
  #pulling: Promise<void> | undefined;
  #pulled: { readonly value: Item } | undefined;
  #isOver = false;

  constructor(source: AsyncIterable<Item>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  get item(): Item {
    return this.#item as Item;
  }

  advance(): boolean | Promise<void> {
    if (this.#pulled !== undefined) {
      this.#item = this.#pulled.value;
      this.#pulled = undefined;
      this.index += 1;
      return true;
    }
    if (this.#isOver) return false;
    this.#pulling ??= this.#pull().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#iterator.return?.();
  }

  async #pull(): Promise<void> {
    try {
      const next = await this.#iterator.next();
      if (next.done === true) this.#isOver = true;
      else this.#pulled = { value: next.value };
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }
}

function sizeOf(source: object): number | undefined {
  if (Array.isArray(source) || (ArrayBuffer.isView(source) && "length" in source))
    return Number(source.length);
  return source instanceof Set || source instanceof Map ? source.size : undefined;
}
