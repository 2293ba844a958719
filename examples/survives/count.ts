// The job of ../breaks/count.ts, made to survive: progress in a folder every 10 steps, and at once when told to stop.
//
//   spotproof run --job count --checkpoint ./ckpt --store ./store -- node build/survives-count.js
//
// Runs without Spotproof too: then it survives on this one machine.
//
// STEP_SECONDS  how long one step works (default 0.1)
// SLOW_AFTER    steps after this one take 50 times as long: time to interrupt it there (default: none)

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reportProgress } from "../job-channel.ts";

const STEPS = 100;
const SAVE_EVERY = 10;
const STEP_SECONDS = Number(process.env["STEP_SECONDS"] ?? "0.1");
const SLOW_AFTER = Number(process.env["SLOW_AFTER"] ?? STEPS);

const FOLDER = process.env["SPOTPROOF_CHECKPOINT"] ?? "./ckpt";
const STATE = join(FOLDER, "state.json");

/** "Told to stop, not done, saved: start me again", for Spotproof and for whatever else starts the job. */
const TOLD_TO_STOP = 75;

interface State {
  readonly step: number;
  readonly checksum: number;
}

/** The state that was saved last, or the beginning. */
function load(): State {
  return existsSync(STATE) ? (JSON.parse(readFileSync(STATE, "utf8")) as State) : { step: 0, checksum: 0 };
}

/** Write beside, then rename: whoever looks sees the state before or the state after, never half of one. */
function save(state: State): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${STATE}.new`, JSON.stringify(state), { flush: true });
  renameSync(`${STATE}.new`, STATE);
}

/** One step of the job. Its result depends on every step before it. */
async function work(state: State): Promise<State> {
  const step = state.step + 1;
  await sleep(STEP_SECONDS * 1000 * (step > SLOW_AFTER ? 50 : 1));
  return { step, checksum: (state.checksum * 31 + step * step) % 1_000_000_007 };
}

let toldToStop = false;
// Only a flag: saving inside a signal handler could meet a step half done.
process.on("SIGTERM", () => {
  toldToStop = true;
});

let state = load();
if (state.step > 0) console.log(`going on after step ${state.step}`);

while (state.step < STEPS) {
  state = await work(state);
  console.log(`step ${state.step}/${STEPS}`);
  if (toldToStop || state.step % SAVE_EVERY === 0) {
    save(state);
    await reportProgress({ done: state.step, total: STEPS, unit: "steps" });
  }
  if (toldToStop && state.step < STEPS) {
    console.log(`told to stop: saved at step ${state.step}`);
    process.exit(TOLD_TO_STOP);
  }
}

console.log(`result ${state.checksum}`);
