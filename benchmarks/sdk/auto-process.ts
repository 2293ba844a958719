import { writeFileSync } from "node:fs";
import { runJob } from "../../src/index.ts";

// A job that computes, with and without Spotproof around it.

/** What the process is to do. Its only argument, as JSON. */
export interface AutoOrder {
  /** `calibrate`: find out how much work a step of some 10 ms is. `plain`: the same loop without Spotproof. */
  readonly kind: "calibrate" | "plain" | "background" | "wait";
  readonly steps: number;
  /** How much work a step is, as a calibration has found it. */
  readonly passes: number;
  readonly stateBytes: number;
  readonly store: string;
  readonly report: string;
}

/** What it took. */
export interface AutoReport {
  /** From before the job was claimed until after it was recorded as completed. */
  readonly tookMs: number;
  /** The part of it in which the first state was made. */
  readonly preparedMs: number;
  /** The part of it that was spent within steps. */
  readonly workedMs: number;
  /** Of a calibration. */
  readonly passes?: number;
}

const STEP_MS = 10;
/** What one step changes of the state, in numbers: 256 KiB. */
const WINDOW = 64 * 1024;

const order = JSON.parse(process.argv[2] ?? "") as AutoOrder;
let preparedMs = 0;
let workedMs = 0;
const begun = performance.now();
const passes = order.kind === "calibrate" ? calibrate() : undefined;
if (order.kind === "plain") plain();
if (order.kind === "background" || order.kind === "wait") await checkpointed(order.kind);
const tookMs = performance.now() - begun;
writeFileSync(
  order.report,
  JSON.stringify({ tookMs, preparedMs, workedMs, ...(passes === undefined ? {} : { passes }) }),
);

function plain(): void {
  const state = newState();
  for (let step = 0; step < order.steps; step += 1) train(state, step, order.passes);
}

async function checkpointed(save: "background" | "wait"): Promise<void> {
  const options = {
    store: order.store,
    ending: "return",
    allowVolatileStore: true,
    onEvent: () => undefined,
  } as const;
  const end = await runJob("benchmark", options, async (job) => {
    const state = await job.restoreOr(newState);
    for await (const step of job.steps({ to: order.steps, save })) train(state, step, order.passes);
  });
  if (end.kind !== "completed") throw new Error(`The job ended as ${end.kind}.`);
}

function newState(): Float32Array {
  const beganAtMs = performance.now();
  const state = new Float32Array(order.stateBytes / 4);
  let number = 1;
  for (let at = 0; at < state.length; at += 1) {
    number = (Math.imul(number, 1_664_525) + 1_013_904_223) >>> 0;
    state[at] = number / 2 ** 32;
  }
  preparedMs += performance.now() - beganAtMs;
  return state;
}

/** Work of the processor alone, on a part of the state that moves on with each step. As with weights, nothing becomes alike. */
function train(state: Float32Array, step: number, passes: number): void {
  const beganAtMs = performance.now();
  const from = (step * WINDOW) % state.length;
  const to = Math.min(from + WINDOW, state.length);
  for (let pass = 0; pass < passes; pass += 1) {
    for (let at = from; at < to; at += 1)
      state[at] =
        (state[at] as number) * 0.9999 + (0.0001 * ((Math.imul(at, 40_503) + step) & 0xffff)) / 0x10000;
  }
  workedMs += performance.now() - beganAtMs;
}

/** How many passes make a step of some 10 ms, once the code is warm. */
function calibrate(): number {
  const state = newState();
  const tries = 100;
  for (let step = 0; step < tries; step += 1) train(state, step, 50);
  workedMs = 0;
  for (let step = 0; step < tries; step += 1) train(state, step, 50);
  return Math.max(1, Math.round((STEP_MS * 50 * tries) / workedMs));
}
