import { hash } from "node:crypto";

/** A place: four words of a hash, and the key's number beside them, where the processor has fetched it already. */
const WORDS = 5;
const NUMBER = 4;

/**
 * A set of keys, each with a number: 20 bytes for each place, and between four thirds and three places for each key.
 *
 * A key is held as 127 bits of its SHA-256 and nothing else. Two different keys that look the same would be an item lost
 * without a word: among 10^9 keys that happens with a probability below 10^-20, and nobody can choose keys so that it does,
 * as they could with a faster hash.
 */
export class KeyTable {
  #size = 0;
  #mask = 1023;
  #words = new Uint32Array(WORDS * 1024);
  /** The hash that is looked for. */
  readonly #wanted = new Uint32Array(4);

  get size(): number {
    return this.#size;
  }

  /** Gives the key a number of its own, from 1 to 2^32 - 1, and says which it had before; 0 when it was not there. */
  set(key: string, value: number): number {
    if (this.#size * 4 > this.#mask * 3) this.#grow();
    this.#digest(key);
    const words = this.#words;
    const place = this.#placeOf(this.#wanted, 0);
    const before = words[place + NUMBER] ?? 0;
    if (words[place] === 0) {
      for (let word = 0; word < NUMBER; word += 1) words[place + word] = this.#wanted[word] ?? 0;
      this.#size += 1;
    }
    words[place + NUMBER] = value;
    return before;
  }

  /** The key's number; 0 when it is not there. */
  get(key: string): number {
    this.#digest(key);
    return this.#words[this.#placeOf(this.#wanted, 0) + NUMBER] ?? 0;
  }

  #digest(key: string): void {
    const bytes = hash("sha256", key, "binary");
    for (let word = 0; word < 4; word += 1) {
      const at = 4 * word;
      this.#wanted[word] =
        bytes.charCodeAt(at) |
        (bytes.charCodeAt(at + 1) << 8) |
        (bytes.charCodeAt(at + 2) << 16) |
        (bytes.charCodeAt(at + 3) << 24);
    }
    // An empty place begins with 0: one bit is given up for that.
    this.#wanted[0] = (this.#wanted[0] ?? 0) | 1;
  }

  /** Where the place of a hash begins, or the empty one where it belongs. */
  #placeOf(from: Uint32Array, at: number): number {
    const [first, second, third, fourth] = [from[at], from[at + 1], from[at + 2], from[at + 3]];
    const words = this.#words;
    let place = (second ?? 0) & this.#mask;
    for (;;) {
      const word = WORDS * place;
      if (words[word] === 0) return word;
      if (
        words[word] === first &&
        words[word + 1] === second &&
        words[word + 2] === third &&
        words[word + 3] === fourth
      ) {
        return word;
      }
      place = (place + 1) & this.#mask;
    }
  }

  #grow(): void {
    const words = this.#words;
    this.#words = new Uint32Array(2 * words.length);
    this.#mask = (2 * words.length) / WORDS - 1;
    for (let old = 0; old < words.length; old += WORDS) {
      if (words[old] === 0) continue;
      const place = this.#placeOf(words, old);
      for (let word = 0; word < WORDS; word += 1) this.#words[place + word] = words[old + word] ?? 0;
    }
  }
}
