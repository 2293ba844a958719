// oxlint-disable typescript/no-non-null-assertion -- every index is inside its array by construction, and a substitute
// value such as `?? 0` in the inner loops would hide the mistake if one ever were not.

import { type Pictures, PIXELS, SIDE } from "./data.ts";
import type { Random } from "./random.ts";

/** Digits to tell apart. */
const CLASSES = 10;

/** How far a picture is moved before it is looked at, in pixels. */
export interface Shift {
  readonly down: number;
  readonly right: number;
}

const UNMOVED: Shift = { down: 0, right: 0 };

/**
 * A network of two layers: 784 pixels, a middle layer with ReLU, ten outputs with softmax.
 *
 * All weights are one array, so that one array is all that has to be saved. Everything is computed in one fixed order:
 * equal weights and equal pictures give equal results, bit for bit.
 */
export class Network {
  readonly weights: Float32Array;
  /** What the pictures learned from since `clearGradient` want changed, summed up. */
  readonly gradient: Float32Array;
  readonly #hidden: number;
  readonly #middleBias: number;
  readonly #output: number;
  readonly #outputBias: number;
  readonly #middle: Float32Array;
  readonly #middleGradient: Float32Array;
  readonly #scores = new Float64Array(CLASSES);

  constructor(hidden: number, weights: Float32Array = new Float32Array(weightCount(hidden))) {
    this.weights = weights;
    this.gradient = new Float32Array(weights.length);
    this.#hidden = hidden;
    this.#middleBias = PIXELS * hidden;
    this.#output = this.#middleBias + hidden;
    this.#outputBias = this.#output + hidden * CLASSES;
    this.#middle = new Float32Array(hidden);
    this.#middleGradient = new Float32Array(hidden);
  }

  /** Begins with small random weights (He and others, 2015: uniform, variance 2 / inputs). */
  randomize(random: Random): void {
    const fill = (from: number, to: number, inputs: number): void => {
      const bound = Math.sqrt(6 / inputs);
      for (let at = from; at < to; at++) this.weights[at] = (2 * random.next() - 1) * bound;
    };
    fill(0, this.#middleBias, PIXELS);
    fill(this.#output, this.#outputBias, this.#hidden);
  }

  /** Forgets the gradient of the step before. */
  clearGradient(): void {
    this.gradient.fill(0);
  }

  /** Learns from one picture: adds to the gradient. Returns the loss (cross-entropy). */
  learn(pictures: Pictures, picture: number, shift: Shift): number {
    this.#look(pictures, picture, shift);
    const label = pictures.labels[picture]!;
    const loss = -Math.log(Math.max(this.#softmax(label), 1e-12));
    this.#scores[label]! -= 1; // now the gradient of the loss by each score
    this.#backFromOutput();
    this.#backToPixels(pictures, picture, shift);
    return loss;
  }

  /** The share of pictures whose digit it tells right, 0 to 1. */
  accuracy(pictures: Pictures): number {
    let right = 0;
    for (let picture = 0; picture < pictures.count; picture++) {
      this.#look(pictures, picture, UNMOVED);
      const best = this.#scores.indexOf(Math.max(...this.#scores));
      if (best === pictures.labels[picture]) right += 1;
    }
    return right / pictures.count;
  }

  /** From pixels to scores. */
  #look(pictures: Pictures, picture: number, shift: Shift): void {
    const { weights } = this;
    const hidden = this.#hidden;
    const middle = this.#middle;
    for (let h = 0; h < hidden; h++) middle[h] = weights[this.#middleBias + h]!;
    const end = pictures.starts[picture + 1]!;
    for (let at = pictures.starts[picture]!; at < end; at++) {
      const place = moved(pictures.places[at]!, shift);
      if (place < 0) continue;
      const ink = pictures.inks[at]!;
      const row = place * hidden;
      for (let h = 0; h < hidden; h++) middle[h]! += ink * weights[row + h]!;
    }
    for (let h = 0; h < hidden; h++) if (middle[h]! < 0) middle[h] = 0;
    const scores = this.#scores;
    for (let c = 0; c < CLASSES; c++) {
      let score = weights[this.#outputBias + c]!;
      const row = this.#output + c * hidden;
      for (let h = 0; h < hidden; h++) score += middle[h]! * weights[row + h]!;
      scores[c] = score;
    }
  }

  /** Turns the scores into probabilities; returns that of `label`. */
  #softmax(label: number): number {
    const scores = this.#scores;
    const highest = Math.max(...scores);
    let sum = 0;
    for (let c = 0; c < CLASSES; c++) {
      const power = Math.exp(scores[c]! - highest);
      scores[c] = power;
      sum += power;
    }
    for (let c = 0; c < CLASSES; c++) scores[c]! /= sum;
    return scores[label]!;
  }

  #backFromOutput(): void {
    const { weights, gradient } = this;
    const hidden = this.#hidden;
    const middle = this.#middle;
    const middleGradient = this.#middleGradient;
    middleGradient.fill(0);
    for (let c = 0; c < CLASSES; c++) {
      const wish = this.#scores[c]!;
      const row = this.#output + c * hidden;
      gradient[this.#outputBias + c]! += wish;
      for (let h = 0; h < hidden; h++) {
        gradient[row + h]! += wish * middle[h]!;
        middleGradient[h]! += wish * weights[row + h]!;
      }
    }
    for (let h = 0; h < hidden; h++) {
      if (middle[h]! <= 0) middleGradient[h] = 0;
      gradient[this.#middleBias + h]! += middleGradient[h]!;
    }
  }

  #backToPixels(pictures: Pictures, picture: number, shift: Shift): void {
    const { gradient } = this;
    const hidden = this.#hidden;
    const middleGradient = this.#middleGradient;
    const end = pictures.starts[picture + 1]!;
    for (let at = pictures.starts[picture]!; at < end; at++) {
      const place = moved(pictures.places[at]!, shift);
      if (place < 0) continue;
      const ink = pictures.inks[at]!;
      const row = place * hidden;
      for (let h = 0; h < hidden; h++) gradient[row + h]! += ink * middleGradient[h]!;
    }
  }
}

/** How many weights a network with this middle layer has. */
export function weightCount(hidden: number): number {
  return PIXELS * hidden + hidden + hidden * CLASSES + CLASSES;
}

/** Where a pixel is after the shift; -1 when it left the picture. */
function moved(place: number, shift: Shift): number {
  const row = Math.floor(place / SIDE) + shift.down;
  const column = (place % SIDE) + shift.right;
  return row < 0 || row >= SIDE || column < 0 || column >= SIDE ? -1 : row * SIDE + column;
}
