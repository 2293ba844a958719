import { randomBytes } from "node:crypto";
import { SpotproofError } from "../base/index.ts";
import type { JobRandom } from "./job.ts";

/** The four 32-bit words of a generator. */
export type SeededState = readonly [number, number, number, number];

const TWO_TO_32 = 4_294_967_296;

/**
 * Random numbers that can be kept and gone on with. Algorithm: xoshiro128** by David Blackman and Sebastiano Vigna
 * (public domain, prng.di.unimi.it), 128 bits of state, period 2^128 - 1.
 */
export class SeededRandom implements JobRandom {
  #words: Uint32Array;

  constructor(state: SeededState) {
    this.#words = Uint32Array.from(state);
  }

  /** What `new SeededRandom` goes on from. */
  get state(): SeededState {
    const [a = 0, b = 0, c = 0, d = 0] = this.#words;
    return [a, b, c, d];
  }

  next(): number {
    return this.#draw() / TWO_TO_32;
  }

  below(bound: number): number {
    if (!Number.isSafeInteger(bound) || bound < 1 || bound > TWO_TO_32) {
      throw new SpotproofError(
        "bad-usage",
        `below(${bound}): the bound must be a whole number from 1 to 2^32.`,
      );
    }
    // Draws from the incomplete last range are thrown away: every number is equally likely.
    const fair = TWO_TO_32 - (TWO_TO_32 % bound);
    for (;;) {
      const drawn = this.#draw();
      if (drawn < fair) return drawn % bound;
    }
  }

  permutation(length: number): Uint32Array<ArrayBuffer> {
    if (!Number.isSafeInteger(length) || length < 0 || length > TWO_TO_32) {
      throw new SpotproofError(
        "bad-usage",
        `permutation(${length}): the length must be a whole number from 0 to 2^32.`,
      );
    }
    const order = Uint32Array.from({ length }, (_, index) => index);
    for (let last = length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const moved = order[last] ?? 0;
      order[last] = order[other] ?? 0;
      order[other] = moved;
    }
    return order;
  }

  #draw(): number {
    const words = this.#words;
    const [a = 0, b = 0, c = 0, d = 0] = words;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const mixedC = c ^ a;
    const mixedD = d ^ b;
    words[1] = b ^ mixedC;
    words[0] = a ^ mixedD;
    words[2] = mixedC ^ (b << 9);
    words[3] = rotate(mixedD, 11);
    return result;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** A seed from the machine's own randomness; never the one state that the generator cannot leave. */
export function freshSeed(): SeededState {
  const bytes = randomBytes(16);
  return [
    bytes.readUInt32LE(0) | 1,
    bytes.readUInt32LE(4),
    bytes.readUInt32LE(8),
    bytes.readUInt32LE(12),
  ].map((word) => word >>> 0) as unknown as SeededState;
}
