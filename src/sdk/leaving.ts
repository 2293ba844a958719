import { type Clock, type Timer, remainingMs } from "../base/index.ts";
import type { InterruptionRecord } from "../notice/index.ts";
import { planStop } from "../supervisor/index.ts";
import { fencedOut } from "./fenced-out.ts";
import type { LeaveWatch } from "./items/index.ts";
import type { Interruption } from "./job.ts";

/** Why a job leaves before its work is done. */
export type LeaveCause = "interrupted" | "stopped";

/**
 * What `steps`, `forEach` and the rest of a job reject with when the job is to leave this machine: not a failure. Let it through;
 * `runJob` catches it, when everything is saved.
 */
export class JobLeaves extends Error {
  override readonly name = "JobLeaves";
  /** An interruption of the machine, or a wish of the user. */
  readonly why: LeaveCause;

  constructor(why: LeaveCause, cause: string) {
    super(`The job leaves: ${cause}. It is saved and goes on with its next start.`);
    this.why = why;
  }
}

/** How long running items may go on after Ctrl-C, in ms. */
const STOP_PATIENCE_MS = 10_000;

/** What a job needs to know whether it is to leave. */
export interface LeavingParts {
  readonly clock: Clock;
  readonly interruptions: InterruptionRecord;
  /** Aborts after a later claim. */
  readonly fencedOut: AbortSignal;
  /** How long the last save may take, in ms, as the saves so far have taught. */
  readonly nextSaveMs: () => number | undefined;
}

/**
 * One answer to "is this job to leave, why, and when at the latest". Handlers of signals and notices only reach this far: they set
 * flags and timers, and never save (S07).
 */
export class Leaving implements LeaveWatch {
  readonly #parts: LeavingParts;
  readonly #leave = new AbortController();
  readonly #timeUp = new AbortController();
  readonly #listeners = new Set<(interruption: Interruption) => void>();
  readonly #offs: (() => void)[] = [];
  #timer: Timer | undefined;
  #stopCause: string | undefined;

  constructor(parts: LeavingParts) {
    this.#parts = parts;
    const fence = (): void => this.#fence();
    parts.fencedOut.addEventListener("abort", fence);
    this.#offs.push(
      () => parts.fencedOut.removeEventListener("abort", fence),
      parts.interruptions.onChange(() => this.#look()),
    );
    if (parts.fencedOut.aborted) fence();
    this.#look();
  }

  get signal(): AbortSignal {
    return this.#leave.signal;
  }

  get timeUp(): AbortSignal {
    return this.#timeUp.signal;
  }

  /** What is announced. */
  get interruption(): Interruption | undefined {
    const { clock, interruptions } = this.#parts;
    const state = interruptions.state();
    if (state.kind === "interrupted") {
      const { cause, action, deadline } = state;
      return { cause, action, remainingMs: Math.max(0, Math.round(remainingMs(clock, deadline))) };
    }
    return this.#stopCause === undefined
      ? undefined
      : { cause: this.#stopCause, action: "user-stop", remainingMs: undefined };
  }

  /** The longest lead of an interruption that was announced, in ms; undefined while none was. */
  get leadMs(): number | undefined {
    const state = this.#parts.interruptions.state();
    return state.kind === "interrupted" ? state.deadline.atMs - state.firstHeardAtMs : undefined;
  }

  /** By when the last save has to be given up, on the job's clock; undefined when nobody set a time. */
  get giveUpSavingAtMs(): number | undefined {
    return this.#plan()?.giveUpSavingAtMs;
  }

  /** Calls the listener once, now or later. */
  onInterruption(listener: (interruption: Interruption) => void): () => void {
    const now = this.interruption;
    if (now !== undefined) tellOne(listener, now);
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Somebody wants the job to stop here, in order. */
  stop(cause: string): void {
    if (this.#leave.signal.aborted) return;
    this.#stopCause = cause;
    this.#timer = this.#parts.clock.after(STOP_PATIENCE_MS, () => this.#endTime());
    this.#announce(new JobLeaves("stopped", cause));
  }

  /** Throws the reason when the job is to leave. */
  throwIfLeaving(): void {
    this.#leave.signal.throwIfAborted();
  }

  /** Ends listening. */
  close(): void {
    this.#timer?.cancel();
    for (const off of this.#offs) off();
    this.#listeners.clear();
  }

  #look(): void {
    const state = this.#parts.interruptions.state();
    if (state.kind !== "interrupted") return;
    const plan = this.#plan();
    this.#timer?.cancel();
    if (plan !== undefined && !this.#timeUp.signal.aborted) {
      const inMs = plan.killAtMs - this.#parts.clock.now();
      this.#timer = this.#parts.clock.after(Math.max(0, inMs), () => this.#endTime());
    }
    this.#announce(new JobLeaves("interrupted", state.cause));
  }

  #plan() {
    const { clock, interruptions, nextSaveMs } = this.#parts;
    const state = interruptions.state();
    if (state.kind !== "interrupted") return undefined;
    return planStop({
      nowMs: clock.now(),
      heardAtMs: state.firstHeardAtMs,
      deadlineMs: state.deadline.atMs,
      finalSaveMs: nextSaveMs(),
      stopGraceMs: 0,
    });
  }

  #fence(): void {
    const error = fencedOut();
    this.#announce(error);
    this.#endTime(error);
  }

  #announce(reason: Error): void {
    if (!this.#leave.signal.aborted) this.#leave.abort(reason);
    const { interruption } = this;
    if (interruption === undefined) return;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) tellOne(listener, interruption);
  }

  #endTime(reason: unknown = this.#leave.signal.reason): void {
    if (!this.#timeUp.signal.aborted) this.#timeUp.abort(reason);
  }
}

/** What a listener throws is its author's, as with every event: it must not keep the job from leaving. */
function tellOne(listener: (interruption: Interruption) => void, interruption: Interruption): void {
  try {
    listener(interruption);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
