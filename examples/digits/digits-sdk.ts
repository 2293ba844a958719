// The training of digits.ts, with Spotproof as a library: no signal handler, no file format, no renaming.
//
//   node build/digits-sdk.js --store ./store [--epochs 14]
//   spotproof run --job digits-sdk --checkpoint ./ckpt --store ./store -- node build/digits-sdk.js
//
// Interrupt it as often as you like and start the same command again, on this machine or another that reaches the store:
// its weights end equal to those of a training that was never interrupted, bit for bit.

import { runJob } from "spotproof";
import { loadDigits } from "./data.ts";
import { parseJobOptions } from "./settings.ts";
import { replaceFile, weightBytes, whyNotGoOn } from "./state-file.ts";
import { printProgress, resultOf } from "./train.ts";
import { beginning, Training } from "./training.ts";

const { settings, reportEvery, store } = parseJobOptions(process.argv.slice(2));

const options = {
  store,
  // The result is put here, and so belongs to the last checkpoint: it is in the store before the job counts as completed.
  files: "./ckpt",
  // For trying out: a successor begins 3 s after a life that ended without a word. By default it waits 30 s.
  heartbeatMs: 1_000,
  leaseMs: 3_000,
};

await runJob("digits-sdk", options, async (job) => {
  const digits = loadDigits();
  const pictures = digits.training.count;
  // Everything that the next step depends on: weights, moments, order of the pictures, the generator's memory.
  const state = await job.restoreOr(() => beginning(settings, pictures));
  const problem = whyNotGoOn(state, settings, pictures);
  if (problem !== undefined) throw new Error(`The training that was kept cannot go on: ${problem}.`);

  const training = new Training(state, digits);
  console.log(`steps done: ${state.step}`);
  for await (const _ of job.steps({ to: training.totalSteps, checkpointEvery: 100 })) {
    training.step();
    printProgress(training, reportEvery);
  }
  replaceFile("./ckpt/weights.bin", weightBytes(state));
  console.log(resultOf(training));
});
