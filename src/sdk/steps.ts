import { setImmediate } from "node:timers/promises";
import { type Clock, type MonotonicMs, SpotproofError, formatDuration } from "../base/index.ts";
import { refuseMisspelt, requireFunction, requireOptions } from "./arguments.ts";
import { type CheckpointCost, type CheckpointDue, checkpointDue } from "./checkpoint-due.ts";
import type { InterruptionRate } from "./interruption-rate.ts";
import type { JobEvent, StepsOptions } from "./job.ts";
import type { Leaving } from "./leaving.ts";
import type { Recorder } from "./recorder.ts";

/** What loops of steps need of their job. */
export interface StepsHost {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly leaving: Leaving;
  /** Whether files of the program belong to its checkpoints: then no step may begin before a save has looked at them. */
  readonly savesFiles: boolean;
  /** Names of loops that were begun and are not free again. */
  readonly loopNames: Set<string>;
  /** Whether `restoreOr` was called. */
  readonly stateAsked: boolean;
  /** Loops that have begun and not come to their end. */
  readonly unfinished: Set<string>;
  /** What checkpoints under `auto` are reckoned with. */
  readonly rate: () => InterruptionRate;
  /** How long a heartbeat may be overdue before others think that this life is gone, in ms; undefined under `spotproof run`. */
  readonly leaseMs: number | undefined;
  /** Whether the program tells its progress by itself. */
  readonly tellsProgress: boolean;
  readonly tell: (level: JobEvent["level"], kind: string, text: string) => void;
  /**
   * Makes the last checkpoint of this safe point, as far as there is time, and rejects with the reason to leave. Without a checkpoint when
   * something within the step was told to leave before: then the step is not done, although it has ended.
   */
  saveAndLeave(): Promise<never>;
}

/** What a loop without a name is called. */
export const DEFAULT_LOOP = "steps";
const DEFAULT_OVERHEAD = 0.035;

/** Each option, as the compiler sees to. */
const OPTIONS: Readonly<Record<keyof StepsOptions<unknown>, true>> = {
  from: true,
  to: true,
  checkpointEvery: true,
  state: true,
  save: true,
  name: true,
  maxOverhead: true,
};
/** States up to this size are copied, so that what runs beside a save may go on; larger ones only where that was asked for. */
export const COPY_AT_MOST_BYTES = 256 * 1024 * 1024;
/** A loop of steps that never wait lets timers, sockets and signals in at least so often. */
const TURN_EVERY_MS = 25;
const TURN_WHILE_SAVING_MS = 1;
/** The usual lead of a notice, until one has been heard. */
const USUAL_LEAD_MS = 120_000;

/**
 * The steps that are left of a loop.
 * @throws SpotproofError `bad-usage`, before the first step
 */
export function openSteps<State>(
  host: StepsHost,
  options: StepsOptions<State>,
): AsyncIterableIterator<number> {
  requireOptions("steps", options, "{ to: 100 }");
  refuseMisspelt("steps", options, Object.keys(OPTIONS));
  const {
    from = 0,
    to,
    name = DEFAULT_LOOP,
    state,
    checkpointEvery = "auto",
    maxOverhead = DEFAULT_OVERHEAD,
  } = options;
  requireStep("from", from);
  requireStep("to", to);
  if (!(maxOverhead > 0 && maxOverhead < 1)) {
    throw new SpotproofError("bad-usage", `maxOverhead: ${maxOverhead} is no share between 0 and 1.`);
  }
  if (options.save !== undefined && !["background", "wait"].includes(options.save)) {
    throw new SpotproofError("bad-usage", `save: ${options.save} is not known; use "background" or "wait".`);
  }
  if (typeof name !== "string" || !/^[A-Za-z0-9._-]{1,100}$/.test(name)) {
    throw new SpotproofError(
      "bad-usage",
      `"${name}" cannot be the name of a loop: use letters, digits, dots, dashes and underscores.`,
    );
  }
  if (host.loopNames.has(name)) {
    throw new SpotproofError(
      "bad-usage",
      `The loop "${name}" was begun before: give each loop of steps a name of its own ({ name: "…" }).`,
    );
  }
  if (state !== undefined) refuseUnaskedState(host, state);
  const due = checkpointDue(checkpointEvery, host.rate, maxOverhead);
  host.loopNames.add(name);
  if (state !== undefined) host.recorder.setState(state);
  return new StepLoop(host, { name, from, to, due, save: options.save }).run();
}

/** Position and state are one: who saves a state that is never restored would go on from a later step with the initial one. */
function refuseUnaskedState({ stateAsked }: StepsHost, state: unknown): void {
  requireFunction("steps: `state`", state, "() => model");
  if (stateAsked) return;
  throw new SpotproofError(
    "bad-usage",
    "steps was given a state, and restoreOr was not called: the next life would go on after the last step without it. Get the state from `await job.restoreOr(() => initial)` first.",
  );
}

function requireStep(what: string, value: number): void {
  if (!Number.isSafeInteger(value)) {
    throw new SpotproofError(
      "bad-usage",
      `${what}: ${value} is not the number of a step: use a whole number.`,
    );
  }
}

/** A loop whose options were looked at. */
interface LoopPlan {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly due: CheckpointDue;
  readonly save: StepsOptions<unknown>["save"];
}

/** One loop of steps. Its only safe points are the ends of steps. */
class StepLoop {
  readonly #host: StepsHost;
  readonly #plan: LoopPlan;
  #stepsSince = 0;
  #savedAtMs: MonotonicMs;
  #turnedAtMs: MonotonicMs;
  #last: CheckpointCost | undefined;
  #warnedOfLength = false;
  #warnedOfStanding = false;

  constructor(host: StepsHost, plan: LoopPlan) {
    this.#host = host;
    this.#plan = plan;
    this.#savedAtMs = host.clock.now();
    this.#turnedAtMs = this.#savedAtMs;
  }

  async *run(): AsyncGenerator<number, void, undefined> {
    const { recorder, leaving, unfinished } = this.#host;
    const { name, from, to } = this.#plan;
    let next = recorder.loop(name)?.next ?? from;
    recorder.setLoop(name, { next, to });
    unfinished.add(name);
    while (next < to) {
      if (leaving.signal.aborted) await this.#host.saveAndLeave();
      yield* this.#step(next);
      next += 1;
      await this.#endOf(next);
    }
    unfinished.delete(name);
  }

  *#step(step: number): Generator<number, void, undefined> {
    const { recorder, clock, loopNames } = this.#host;
    const beganAtMs = clock.now();
    let done = false;
    recorder.beginStep();
    try {
      yield step;
      done = true;
    } finally {
      for (const name of recorder.endStep(done)) loopNames.delete(name);
    }
    this.#warnOfLength(step, clock.now() - beganAtMs);
  }

  /** The safe point after a step. */
  async #endOf(next: number): Promise<void> {
    const { recorder, leaving, clock, tellsProgress } = this.#host;
    const { name, to, due } = this.#plan;
    recorder.setLoop(name, { next, to });
    if (!tellsProgress) recorder.setProgress({ done: next, total: to, unit: name });
    await this.#turn();
    if (leaving.signal.aborted) await this.#host.saveAndLeave();
    this.#stepsSince += 1;
    const since = { steps: this.#stepsSince, ms: clock.now() - this.#savedAtMs };
    if (due(since, this.#last)) await this.#save();
  }

  async #save(): Promise<void> {
    const { recorder, clock, savesFiles } = this.#host;
    const save = savesFiles ? "wait" : this.#plan.save;
    // One is in flight: the next safe point after it will do (C18).
    if (save !== "wait" && recorder.isCommitting) return;
    this.#stepsSince = 0;
    const beganAtMs = clock.now();
    this.#savedAtMs = beganAtMs;
    const { tookMs, copied } = recorder.capture((bytes) =>
      save === undefined ? bytes <= COPY_AT_MOST_BYTES : save === "background",
    );
    const committing = recorder.commit("interval").finally(() => {
      const durationMs = clock.now() - beganAtMs;
      this.#last = { costMs: copied ? tookMs : durationMs, durationMs };
    });
    if (copied) {
      // Why it failed was told; what it was to save goes with the next.
      committing.catch(() => undefined);
      return;
    }
    try {
      await committing;
    } catch (error) {
      recorder.dropCapture(error);
      throw error;
    }
  }

  async #turn(): Promise<void> {
    const now = this.#host.clock.now();
    // A save that is under way needs turns of its own.
    if (now - this.#turnedAtMs < (this.#host.recorder.isCommitting ? TURN_WHILE_SAVING_MS : TURN_EVERY_MS))
      return;
    this.#warnOfStanding(now - this.#turnedAtMs);
    await setImmediate();
    this.#turnedAtMs = this.#host.clock.now();
  }

  #warnOfLength(step: number, tookMs: number): void {
    const { leaving, tell } = this.#host;
    const windowMs = leaving.leadMs ?? USUAL_LEAD_MS;
    if (this.#warnedOfLength || tookMs <= windowMs) return;
    this.#warnedOfLength = true;
    tell(
      "warn",
      "step-too-long",
      `step ${step} took ${formatDuration(tookMs)}, longer than the ${formatDuration(windowMs)} between a notice and the end of the machine: a notice within it would lose its work. Make steps shorter, or keep parts of them by job.once().`,
    );
  }

  /** Heartbeats and notices need the event loop. */
  #warnOfStanding(stoodMs: number): void {
    const { leaseMs, tell } = this.#host;
    if (this.#warnedOfStanding || leaseMs === undefined || stoodMs < leaseMs / 2) return;
    this.#warnedOfStanding = true;
    tell(
      "warn",
      "no-heartbeat",
      `the program kept its thread for ${formatDuration(stoodMs)}: no heartbeat and no notice gets through meanwhile, and after ${formatDuration(leaseMs)} another machine may take over the job. Let steps wait for something now and then, set leaseMs higher, or start the program with \`spotproof run\`.`,
    );
  }
}
