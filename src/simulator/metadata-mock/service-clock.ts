import type { Clock } from "../../base/index.ts";

/** The wall clock of a metadata service. It runs evenly, whatever is done to that of the machine. */
export class ServiceClock {
  readonly #clock: Clock;
  readonly #startAheadMs: number;
  #aheadOfMonotonicMs: number;

  /** `aheadMs`: how far it is ahead of the machine's wall clock at the start. */
  constructor(clock: Clock, aheadMs: number) {
    this.#clock = clock;
    this.#startAheadMs = clock.wallTime() - clock.now() + aheadMs;
    this.#aheadOfMonotonicMs = this.#startAheadMs;
  }

  /** In ms since 1970. */
  wallTime(): number {
    return this.#clock.now() + this.#aheadOfMonotonicMs;
  }

  /** Sets it forward, or back when negative. What was announced before keeps its words. */
  jump(ms: number): void {
    this.#aheadOfMonotonicMs += ms;
  }

  /** As if it had never jumped. */
  reset(): void {
    this.#aheadOfMonotonicMs = this.#startAheadMs;
  }
}

/** `2017-09-18T08:22:00Z`: without milliseconds, as clouds write a moment. */
export function isoSeconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}
