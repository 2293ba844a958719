import { writeFileSync } from "node:fs";
import { runJob } from "../../src/index.ts";
import type { JobTimes, Span } from "./save-excess.ts";

// A job that computes, with and without Spotproof around it.

/** What the process is to do. Its only argument, as JSON. */
export interface AutoOrder {
  /** `calibrate`: find out how much work a step of some 10 ms is. `plain`: the same loop without Spotproof. */
  readonly kind: "calibrate" | "plain" | "background" | "wait";
  readonly steps: number;
  /** Steps of the plain loop within the process of a job, just before it and again just after it. */
  readonly plainSteps?: number | undefined;
  /** How much work a step is, as a calibration has found it. */
  readonly passes: number;
  readonly stateBytes: number;
  readonly store: string;
  readonly report: string;
}

/** What it took. */
export interface AutoReport {
  /** What each step of the loop without Spotproof took, in ms; of a job's process those before the job. */
  readonly plainMs: readonly number[];
  /** Of a job: the same after it. */
  readonly plainAfterMs: readonly number[];
  /** Of a job. */
  readonly job?: JobTimes | undefined;
  /** Of a calibration. */
  readonly passes?: number | undefined;
}

const STEP_MS = 10;
/** What one step changes of the state, in numbers: 256 KiB. */
const WINDOW = 64 * 1024;

const order = JSON.parse(process.argv[2] ?? "") as AutoOrder;
/**
 * One step. What is called through a proxy is never inlined. V8 would come to compile the step together with the loop of the job, after some 1200
 * turns, and within a loop that awaits, whatever it awaits, the same code takes some 1.4 times as long; in the plain loop it does not.
 */
const train = new Proxy(computeStep, {});

writeFileSync(order.report, JSON.stringify(await done()));

async function done(): Promise<AutoReport> {
  const { kind, steps, plainSteps = 0 } = order;
  const state = newState();
  if (kind === "calibrate") return { passes: calibrate(state), plainMs: [], plainAfterMs: [] };
  if (kind === "plain") return { plainMs: plain(state, steps), plainAfterMs: [] };
  // The same code on the same memory in the same process: nothing but time lies between them.
  const plainMs = plain(state, plainSteps);
  const job = await checkpointed(state, kind);
  return { plainMs, job, plainAfterMs: plain(state, plainSteps) };
}

function plain(state: Float32Array, steps: number): number[] {
  const tookMs: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const beganAtMs = performance.now();
    train(state, step, order.passes);
    tookMs.push(performance.now() - beganAtMs);
  }
  return tookMs;
}

/** A save is under way from the moment in which the state is asked for until the job tells how it ended. */
async function checkpointed(state: Float32Array, save: "background" | "wait"): Promise<JobTimes> {
  const steps: Span[] = [];
  const saves: Span[] = [];
  const begunAtMs: number[] = [];
  const beganAtMs = performance.now();
  const now = (): number => performance.now() - beganAtMs;
  const options = {
    store: order.store,
    ending: "return",
    allowVolatileStore: true,
    onEvent: ({ kind, text }: { readonly kind: string; readonly text: string }) => {
      if (kind === "save-failed") throw new Error(text);
      const saveBeganAtMs = kind === "saved" ? begunAtMs.shift() : undefined;
      if (saveBeganAtMs !== undefined) saves.push([saveBeganAtMs, now()]);
    },
  } as const;
  const stateOf = (restored: Float32Array): Float32Array => {
    begunAtMs.push(now());
    return restored;
  };
  const end = await runJob("benchmark", options, async (job) => {
    const restored = await job.restoreOr(() => state);
    for await (const step of job.steps({ to: order.steps, save, state: () => stateOf(restored) })) {
      const stepBeganAtMs = now();
      train(restored, step, order.passes);
      steps.push([stepBeganAtMs, now()]);
    }
  });
  const tookMs = now();
  if (end.kind !== "completed") throw new Error(`The job ended as ${end.kind}.`);
  return { tookMs, steps, saves };
}

function newState(): Float32Array {
  const state = new Float32Array(order.stateBytes / 4);
  let number = 1;
  for (let at = 0; at < state.length; at += 1) {
    number = (Math.imul(number, 1_664_525) + 1_013_904_223) >>> 0;
    state[at] = number / 2 ** 32;
  }
  return state;
}

/** Work of the processor alone, on a part of the state that moves on with each step. As with weights, nothing becomes alike. */
function computeStep(state: Float32Array, step: number, passes: number): void {
  const from = (step * WINDOW) % state.length;
  const to = Math.min(from + WINDOW, state.length);
  for (let pass = 0; pass < passes; pass += 1) {
    for (let at = from; at < to; at += 1)
      state[at] =
        (state[at] as number) * 0.9999 + (0.0001 * ((Math.imul(at, 40_503) + step) & 0xffff)) / 0x10000;
  }
}

/** How many passes make a step of some 10 ms, once the code is warm. */
function calibrate(state: Float32Array): number {
  const tries = 100;
  for (let step = 0; step < tries; step += 1) train(state, step, 50);
  const beganAtMs = performance.now();
  for (let step = 0; step < tries; step += 1) train(state, step, 50);
  return Math.max(1, Math.round((STEP_MS * 50 * tries) / (performance.now() - beganAtMs)));
}
