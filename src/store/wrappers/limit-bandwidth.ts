import type { Clock, MonotonicMs, Timer } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { aroundEachCall, movesData } from "./each-call.ts";

/** How fast data may go to and from a store, on average. */
export interface BandwidthOptions {
  readonly clock: Clock;
  readonly uploadBytesPerSecond?: number | undefined;
  readonly downloadBytesPerSecond?: number | undefined;
  /** From its abort on there is no limit any more, also for what waits: a notice has come, and time is what is short. */
  readonly lifted?: AbortSignal | undefined;
}

/**
 * A store to and from which no more goes than the given bytes per second. A call is made whole once the calls before it
 * have had their time: the average holds, and the peak is one call's. Calls wait in the order in which they came, each
 * until its signal aborts; what is small (up to 64 KiB) does not wait, but counts.
 */
export function limitBandwidth(store: Store, options: BandwidthOptions): Store {
  const up = laneFor(options, options.uploadBytesPerSecond);
  const down = laneFor(options, options.downloadBytesPerSecond);
  if (up === undefined && down === undefined) return store;
  return aroundEachCall(store, async (call, make) => {
    const lane = call.kind === "read" ? down : up;
    if (lane === undefined) return make(call.signal);
    const expected = call.kind === "read" ? (call.readBytes ?? 0) : call.writtenBytes;
    if (movesData(call)) await lane.turn(expected, call.signal);
    else lane.charge(expected);
    try {
      const result = await make(call.signal);
      if (Buffer.isBuffer(result)) lane.charge(result.length - expected);
      return result;
    } catch (error) {
      // How much of it went is not known: as much as there was time for. A save that was given up must not keep back the
      // next one for the time of what it never sent.
      lane.takeBackUnused(expected);
      throw error;
    }
  });
}

function laneFor({ clock, lifted }: BandwidthOptions, rate: number | undefined): Lane | undefined {
  return rate === undefined ? undefined : new Lane(clock, rate / 1000, lifted);
}

/** A call that waits for its turn. */
interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** One direction. */
class Lane {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  readonly #lifted: AbortSignal | undefined;
  readonly #waiting = new Set<Waiting>();
  /** When everything that was begun has had its time. */
  #freeAtMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock, bytesPerMs: number, lifted: AbortSignal | undefined) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerMs;
    this.#lifted = lifted;
    lifted?.addEventListener("abort", () => this.#beginNext());
  }

  /** Resolves when those who came before have had their time; rejects with the signal's reason when it aborts first. */
  turn(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        this.#beginNext();
        reject(signal?.reason as Error);
      };
      const waiting: Waiting = {
        bytes,
        begin: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(waiting);
      this.#beginNext();
    });
  }

  /** Counts bytes that did not wait. */
  charge(bytes: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.now()) + bytes / this.#bytesPerMs;
  }

  /** Of `bytes` that were counted, takes back what there was no time for yet. */
  takeBackUnused(bytes: number): void {
    const aheadMs = Math.max(0, this.#freeAtMs - this.#clock.now());
    this.#freeAtMs -= Math.min(aheadMs, bytes / this.#bytesPerMs);
    this.#beginNext();
  }

  #beginNext(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const waiting of this.#waiting) {
      const waitMs = this.#freeAtMs - this.#clock.now();
      if (waitMs > 0 && this.#lifted?.aborted !== true) {
        this.#timer = this.#clock.after(waitMs, () => this.#beginNext());
        return;
      }
      this.#waiting.delete(waiting);
      this.charge(waiting.bytes);
      waiting.begin();
    }
  }
}
