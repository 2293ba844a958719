import { loadDigits } from "../digits/data.ts";
import { DEFAULT_SETTINGS } from "../digits/settings.ts";
import { beginning, Training } from "../digits/training.ts";

/** How long the training alone should take. Long enough to be interrupted three times, short enough to be watched. */
const WANTED_MS = 7000;
/** Fewer would not learn enough, more would only make the waiting longer. */
const FEWEST_EPOCHS = 10;
const MOST_EPOCHS = 60;
const ROUNDS = 40;
const STEPS_PER_ROUND = 5;

/** A training that takes about so long on this computer. */
export interface Size {
  readonly epochs: number;
  readonly totalSteps: number;
  readonly aloneMs: number;
}

/** Trains for a moment to see how fast this computer is, and chooses the number of epochs by it. */
export function sizeForThisComputer(): Size {
  const digits = loadDigits();
  const training = new Training(beginning(DEFAULT_SETTINGS, digits.training.count), digits);
  let fastestMs = Number.POSITIVE_INFINITY;
  // Short rounds, of which the fastest counts: whatever else runs on this computer will not disturb all of them.
  for (let round = 0; round < ROUNDS; round++) {
    const begunMs = performance.now();
    for (let step = 0; step < STEPS_PER_ROUND; step++) training.step();
    fastestMs = Math.min(fastestMs, (performance.now() - begunMs) / STEPS_PER_ROUND);
  }
  const epochMs = fastestMs * training.stepsPerEpoch;
  const fitting = Math.round(WANTED_MS / epochMs);
  const epochs = Math.min(MOST_EPOCHS, Math.max(FEWEST_EPOCHS, fitting));
  return { epochs, totalSteps: epochs * training.stepsPerEpoch, aloneMs: epochs * epochMs };
}
