import { KeyHash } from "./key-hash.ts";

/** An entry: four words of a hash, and the key's number beside them. */
const WORDS = 5;
const NUMBER = 4;

/**
 * A set of keys, each with a number. An entry takes 20 bytes, in the order in which the keys came, with room for up to twice as many;
 * a place of the index into them takes four, and there are two to four for each key.
 *
 * A key is held as 128 bits of a hash and nothing else. Two different keys that look the same would be an item lost without a word:
 * among 10^9 keys that happens with a probability below 10^-20, and nobody can choose keys so that it does, because the hash depends
 * on a secret that each table has for itself.
 *
 * Keys that come again in the order of their first coming, as those of a list do in its next life, are found without a look at
 * the index, which would wait for memory each time.
 */
export class KeyTable {
  readonly #hash = new KeyHash();
  #size = 0;
  #entries = new Uint32Array(WORDS * 1024);
  /** For each place 0, or which entry belongs there, counted from 1. */
  #index = new Uint32Array(2048);
  /** Which entry may be asked for next: the one after the last that was found. */
  #next = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives the key a number of its own, from 1 to 2^32 - 1, and says which it had before; 0 when it was not there. */
  set(key: string, value: number): number {
    this.#hash.text(key);
    return this.#set(value);
  }

  /** As `set`, for the key whose UTF-8 these bytes are, from `start` to `end`. */
  setUtf8(bytes: Uint8Array, start: number, end: number, value: number): number {
    this.#hash.utf8(bytes, start, end);
    return this.#set(value);
  }

  /** The key's number; 0 when it is not there. */
  get(key: string): number {
    this.#hash.text(key);
    const entry = this.#find();
    return entry < 0 ? 0 : (this.#entries[WORDS * entry + NUMBER] ?? 0);
  }

  #set(value: number): number {
    const entry = this.#find();
    if (entry < 0) {
      this.#add(~entry, value);
      return 0;
    }
    const at = WORDS * entry + NUMBER;
    const before = this.#entries[at] ?? 0;
    this.#entries[at] = value;
    return before;
  }

  /** The entry of the hash; when there is none, the place where the index would name it, with all its bits inverted. */
  #find(): number {
    const next = this.#next;
    if (next < this.#size && this.#isWanted(next)) {
      this.#next = next + 1;
      return next;
    }
    const index = this.#index;
    const mask = index.length - 1;
    let place = (this.#hash.words[0] ?? 0) & mask;
    for (;;) {
      const entry = (index[place] ?? 0) - 1;
      if (entry < 0) return ~place;
      if (this.#isWanted(entry)) {
        this.#next = entry + 1;
        return entry;
      }
      place = (place + 1) & mask;
    }
  }

  #isWanted(entry: number): boolean {
    const entries = this.#entries;
    const { words } = this.#hash;
    const at = WORDS * entry;
    return (
      entries[at] === words[0] &&
      entries[at + 1] === words[1] &&
      entries[at + 2] === words[2] &&
      entries[at + 3] === words[3]
    );
  }

  #add(place: number, value: number): void {
    const at = WORDS * this.#size;
    if (at === this.#entries.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#entries.set(this.#hash.words, at);
    this.#entries[at + NUMBER] = value;
    this.#size += 1;
    this.#index[place] = this.#size;
    // Nothing is known of the order when keys are added: the next one is most likely new as well.
    this.#next = this.#size;
    if (2 * this.#size > this.#index.length) this.#growIndex();
  }

  #growIndex(): void {
    const index = new Uint32Array(2 * this.#index.length);
    const mask = index.length - 1;
    for (let entry = 0; entry < this.#size; entry += 1) {
      let place = (this.#entries[WORDS * entry] ?? 0) & mask;
      while (index[place] !== 0) place = (place + 1) & mask;
      index[place] = entry + 1;
    }
    this.#index = index;
  }
}
