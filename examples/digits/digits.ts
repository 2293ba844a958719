// Learns handwritten digits and survives interruptions.
//
//   spotproof run --job digits --checkpoint ./ckpt --store ./store -- node build/digits.js [--epochs 14]
//
// Everything that the training depends on is in the checkpoint folder. Interrupted any number of times, with notice or
// without, its weights end equal to those of a training that was never interrupted: bit for bit.

import { join } from "node:path";
import { reportProgress } from "../job-channel.ts";
import { parseOptions } from "./settings.ts";
import { readState, replaceFile, writeState } from "./state-file.ts";
import { train } from "./train.ts";

/** "Told to stop, not done, saved: start me again." */
const TOLD_TO_STOP = 75;

const folder = process.env["SPOTPROOF_CHECKPOINT"] ?? "./ckpt";
const stateFile = join(folder, "training.state");

let toldToStop = false;
process.on("SIGTERM", () => {
  toldToStop = true;
});

// One report at a time: a listener that is slow does not slow the training down.
let reporting = false;
function report(done: number, total: number): void {
  if (reporting) return;
  reporting = true;
  void reportProgress({ done, total, unit: "steps" }).finally(() => {
    reporting = false;
  });
}

const ending = await train(parseOptions(process.argv.slice(2)), {
  load: () => readState(stateFile),
  save: (state) => writeState(stateFile, state),
  finish: (weights) => replaceFile(join(folder, "weights.bin"), weights),
  report,
  toldToStop: () => toldToStop,
});
process.exitCode = ending === "done" ? 0 : TOLD_TO_STOP;
