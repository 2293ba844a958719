import type { Clock, MonotonicMs } from "../../base/index.ts";

/** The time of a rehearsal: ms since it began, by this computer's clocks. */
export class RehearsalTime {
  readonly clock: Clock;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly #startedMs: MonotonicMs;
  readonly #startedWallMs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.#startedMs = clock.now();
    this.#startedWallMs = clock.wallTime();
    this.startedAt = new Date(this.#startedWallMs).toISOString();
  }

  /** Ms since the beginning. */
  now(): number {
    return this.clock.now() - this.#startedMs;
  }

  /** The moment of the rehearsal that the wall clock shows as so many ms since 1970. All machines share one wall clock. */
  ofWallTime(wallMs: number): number {
    return wallMs - this.#startedWallMs;
  }
}
