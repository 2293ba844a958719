import type { Clock, MonotonicMs } from "../../base/index.ts";

/** Before so much is known, nothing is said. */
const ENOUGH_BYTES = 48 * 1024 * 1024;
/** What was measured long ago counts less and less: half after so many bytes. */
const HALVED_BYTES = 128 * 1024 * 1024;

/** How fast a store takes what it is given, measured over the time in which it was given anything. */
export class StoreSpeed {
  readonly #clock: Clock;
  #underWay = 0;
  #busySinceMs: MonotonicMs = 0;
  #bytes = 0;
  #ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes in a millisecond; undefined while too little was stored to tell. */
  get bytesPerMs(): number | undefined {
    return this.#bytes < ENOUGH_BYTES ? undefined : this.#bytes / Math.max(this.#ms, 1e-3);
  }

  /** Something was given to the store. */
  begin(): void {
    if (this.#underWay === 0) this.#busySinceMs = this.#clock.now();
    this.#underWay += 1;
  }

  /** That is over; so many bytes of it have become durable. */
  end(bytes: number): void {
    const nowMs = this.#clock.now();
    this.#ms += nowMs - this.#busySinceMs;
    this.#bytes += bytes;
    this.#busySinceMs = nowMs;
    this.#underWay -= 1;
    if (this.#bytes < 2 * HALVED_BYTES) return;
    this.#bytes /= 2;
    this.#ms /= 2;
  }
}
