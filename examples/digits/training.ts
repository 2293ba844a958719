import { adamStep, type Moments } from "./adam.ts";
import type { Digits } from "./data.ts";
import { Network, weightCount } from "./network.ts";
import { Random } from "./random.ts";
import type { Settings } from "./settings.ts";

/** Pictures are moved by up to this many pixels each time they are shown. */
const FARTHEST_SHIFT = 1;

/**
 * Everything that the next step depends on. A checkpoint of a training is this and nothing less: weights alone would
 * go on with other pictures in another order and another optimiser, and end elsewhere.
 */
export interface TrainingState {
  readonly settings: Settings;
  /** Steps done. */
  step: number;
  /** The random generator's memory. */
  random: number;
  /** Sum of the losses of this epoch's steps so far. */
  epochLoss: number;
  /** The order in which this epoch shows the pictures. */
  readonly order: Uint16Array;
  readonly weights: Float32Array;
  readonly moments: Moments;
}

/** The state before the first step. */
export function beginning(settings: Settings, pictures: number): TrainingState {
  const random = new Random(settings.seed);
  const network = new Network(settings.hidden);
  network.randomize(random);
  const count = weightCount(settings.hidden);
  return {
    settings,
    step: 0,
    random: random.memory,
    epochLoss: 0,
    order: Uint16Array.from({ length: pictures }, (_, picture) => picture),
    weights: network.weights,
    moments: { first: new Float32Array(count), second: new Float32Array(count) },
  };
}

/** A training that is under way. */
export class Training {
  readonly state: TrainingState;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly #digits: Digits;
  readonly #network: Network;

  constructor(state: TrainingState, digits: Digits) {
    this.state = state;
    this.#digits = digits;
    this.#network = new Network(state.settings.hidden, state.weights);
    this.stepsPerEpoch = Math.floor(digits.training.count / state.settings.batch);
    this.totalSteps = this.stepsPerEpoch * state.settings.epochs;
  }

  get done(): boolean {
    return this.state.step >= this.totalSteps;
  }

  /** Shows the next few pictures and improves the weights. Returns the mean loss. */
  step(): number {
    const { state } = this;
    const { batch, learningRate } = state.settings;
    const random = new Random(state.random);
    const stepOfEpoch = state.step % this.stepsPerEpoch;
    if (stepOfEpoch === 0) {
      random.shuffle(state.order);
      state.epochLoss = 0;
    }
    this.#network.clearGradient();
    let loss = 0;
    for (let shown = stepOfEpoch * batch; shown < (stepOfEpoch + 1) * batch; shown++) {
      const shift = { down: randomShift(random), right: randomShift(random) };
      loss += this.#network.learn(this.#digits.training, state.order[shown] ?? 0, shift);
    }
    adamStep(state.weights, this.#network.gradient, state.moments, state.step + 1, {
      // Smaller and smaller towards the end, so that the weights settle.
      rate: learningRate * (1 - state.step / this.totalSteps),
      pictures: batch,
    });
    state.random = random.memory;
    state.epochLoss += loss / batch;
    state.step += 1;
    return loss / batch;
  }

  /** The share of the held-back pictures whose digit the network tells right, 0 to 1. */
  accuracy(): number {
    return this.#network.accuracy(this.#digits.heldBack);
  }
}

function randomShift(random: Random): number {
  return random.below(2 * FARTHEST_SHIFT + 1) - FARTHEST_SHIFT;
}
