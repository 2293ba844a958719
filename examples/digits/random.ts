/**
 * A random generator whose whole memory is one number, so that a checkpoint can hold it.
 * Algorithm: mulberry32 (Tommy Ettinger, public domain).
 */
export class Random {
  /** The memory: 32 bits. A generator made from it goes on with the same numbers. */
  memory: number;

  constructor(memory: number) {
    this.memory = memory >>> 0;
  }

  /** From 0 (included) to 1 (excluded). */
  next(): number {
    this.memory = (this.memory + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.memory ^ (this.memory >>> 15), this.memory | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 (included) to `bound` (excluded). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Puts the numbers into a random order (Fisher and Yates). */
  shuffle(numbers: Uint16Array): void {
    for (let last = numbers.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const kept = numbers[last] ?? 0;
      numbers[last] = numbers[other] ?? 0;
      numbers[other] = kept;
    }
  }
}
