/** A source of numbers from 0 (included) to 1 (excluded). */
export interface Random {
  next(): number;
}

/** Not repeatable: for jitter in production. */
export const systemRandom: Random = { next: () => Math.random() };

/**
 * A repeatable source: the same seed gives the same numbers on every machine.
 * Algorithm: mulberry32 (Tommy Ettinger, public domain), 32 bits of state.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** A whole number from 0 (included) to `bound` (excluded). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}
