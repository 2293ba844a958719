import { createHash } from "node:crypto";
import { setImmediate as letSignalsIn } from "node:timers/promises";
import { loadDigits } from "./data.ts";
import type { Options } from "./settings.ts";
import { weightBytes, whyNotGoOn } from "./state-file.ts";
import { beginning, Training, type TrainingState } from "./training.ts";

/** Where a training keeps what it has reached, and who is told. `digits.ts` has a folder, `digits-in-memory.ts` nothing. */
export interface Keeper {
  /** What an earlier life of this training has kept. */
  load(): TrainingState | undefined;
  /** Keeps the state: from here on a kill costs nothing that came before. */
  save(state: TrainingState): void;
  /** Keeps the result. */
  finish(weights: Uint8Array): void;
  /** Tells whoever listens how far it is. */
  report(done: number, total: number): void;
  /** Whether somebody wants the training to stop now. */
  toldToStop(): boolean;
}

/** A save costs about as much as two steps, so at most 2 % of the time goes into saving. */
const SAVE_EVERY = 100;

/** Trains until done or told to stop, whichever comes first. Always stops between two steps, with the state kept. */
export async function train(options: Options, keeper: Keeper): Promise<"done" | "told-to-stop"> {
  const digits = loadDigits();
  const pictures = digits.training.count;
  const kept = keeper.load();
  const problem = kept && whyNotGoOn(kept, options.settings, pictures);
  if (problem !== undefined) throw new Error(`The training that was kept cannot go on: ${problem}.`);
  const training = new Training(kept ?? beginning(options.settings, pictures), digits);
  console.log(kept ? `going on after step ${kept.step}` : `beginning with ${pictures} handwritten digits`);

  const { state } = training;
  while (!training.done) {
    if (keeper.toldToStop()) {
      keeper.save(state);
      console.log(`told to stop: saved at step ${state.step}`);
      return "told-to-stop";
    }
    training.step();
    if (state.step % SAVE_EVERY === 0 || training.done) keeper.save(state);
    printProgress(training, options.reportEvery);
    if (state.step % options.reportEvery === 0) keeper.report(state.step, training.totalSteps);
    await letSignalsIn();
  }
  keeper.report(state.step, training.totalSteps);
  keeper.finish(weightBytes(state));
  console.log(resultOf(training));
  return "done";
}

/** A line each time that so many steps are done, and at the end of each epoch. */
export function printProgress(training: Training, reportEvery: number): void {
  const { state, stepsPerEpoch, totalSteps } = training;
  const epochEnds = state.step % stepsPerEpoch === 0;
  if (!epochEnds && state.step % reportEvery !== 0) return;
  const epochs = String(state.settings.epochs);
  const epoch = String(Math.ceil(state.step / stepsPerEpoch)).padStart(epochs.length);
  const step = String(state.step).padStart(String(totalSteps).length);
  const loss = state.epochLoss / (((state.step - 1) % stepsPerEpoch) + 1);
  const accuracy = epochEnds ? `  held-back digits right ${percent(training.accuracy())}` : "";
  console.log(`epoch ${epoch}/${epochs}  step ${step}/${totalSteps}  loss ${loss.toFixed(3)}${accuracy}`);
}

/** What came out of it, in one line. */
export function resultOf(training: Training): string {
  const fingerprint = createHash("sha256").update(weightBytes(training.state)).digest("hex").slice(0, 16);
  return `result: ${percent(training.accuracy())} of the held-back digits right, weights ${fingerprint}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
