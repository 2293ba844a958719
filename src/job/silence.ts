import type { MonotonicMs } from "../base/index.ts";

/** A read of something that a live attempt keeps changing. */
export interface Observation {
  /** What was read: the beat's number and its attempt's token, or that there is none yet. */
  readonly seen: string;
  /** `clock.now()` before the read began, and after it had ended. */
  readonly begunAtMs: MonotonicMs;
  readonly endedAtMs: MonotonicMs;
}

/** When an observer may believe that an attempt is dead. */
export interface SilenceRule {
  /** How long nothing may change, in ms. */
  readonly leaseMs: number;
  /**
   * The most that one wait between two reads counts, in ms. Time beyond it is time in which the observer itself stood
   * still, and so perhaps the observed attempt on the same machine too.
   */
  readonly longestStepMs: number;
}

/**
 * Adds up for how long an attempt has been silent, on the observer's own monotonic clock (J2, K04): from the end of one
 * read to the begin of the next, whenever both saw the same. A lease takes at least three such waits (K05).
 */
export class Silence {
  readonly #rule: SilenceRule;
  #last: Observation | undefined;
  #silentMs = 0;

  constructor(rule: SilenceRule) {
    this.#rule = rule;
  }

  /** Takes one more read into account; tells whether the attempt has moved since the one before. */
  observe(observation: Observation): "first" | "moved" | "unmoved" {
    const last = this.#last;
    this.#last = observation;
    if (last === undefined) return "first";
    if (last.seen !== observation.seen) {
      this.#silentMs = 0;
      return "moved";
    }
    const stepMs = Math.max(0, observation.begunAtMs - last.endedAtMs);
    this.#silentMs += Math.min(stepMs, this.#rule.longestStepMs);
    return "unmoved";
  }

  /** A read failed: perhaps the attempt cannot reach the store either, so what was counted so far says nothing. */
  interrupted(): void {
    this.#last = undefined;
    this.#silentMs = 0;
  }

  /** For how long the attempt has been seen unmoved, in ms. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Whether it was silent for the whole lease. */
  get leaseIsOver(): boolean {
    return this.#silentMs >= this.#rule.leaseMs;
  }
}
