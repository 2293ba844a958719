// oxlint-disable typescript/no-non-null-assertion -- all arrays have the length of `weights`.

const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const EPSILON = 1e-8;

/** What the optimiser remembers from step to step, for each weight. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/**
 * One step of Adam (Kingma and Ba, 2015, algorithm 1) at step number `step` (1, 2, 3 …).
 * `gradient` is the sum over `pictures` pictures.
 */
export function adamStep(
  weights: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  step: number,
  learning: { readonly rate: number; readonly pictures: number },
): void {
  const { first, second } = moments;
  const rate = (learning.rate * Math.sqrt(1 - SECOND_DECAY ** step)) / (1 - FIRST_DECAY ** step);
  const share = 1 / learning.pictures;
  for (let at = 0; at < weights.length; at++) {
    const slope = gradient[at]! * share;
    const m = FIRST_DECAY * first[at]! + (1 - FIRST_DECAY) * slope;
    const v = SECOND_DECAY * second[at]! + (1 - SECOND_DECAY) * slope * slope;
    first[at] = m;
    second[at] = v;
    weights[at]! -= (rate * m) / (Math.sqrt(v) + EPSILON);
  }
}
