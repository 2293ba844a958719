// The only file that asks for the time or sets a timer. Everything else is handed a Clock.

/** A point on this process's monotonic clock, in milliseconds. Meaningless in another process. */
export type MonotonicMs = number;

/** Where the time comes from. Real time is `systemClock`; tests and the simulator bring their own. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes backwards and ignores changes of the wall clock. */
  now(): MonotonicMs;
  /** Milliseconds since 1970 by the wall clock. For people to read; never compared between machines. */
  wallTime(): number;
  /** Calls `action` once after `delayMs` (at least 0). The timer keeps the process alive until it fires or is cancelled. */
  after(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects: look at the signal afterwards. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** A timer that was set with `Clock.after`. */
export interface Timer {
  /** Takes the timer back. Harmless when it has fired already. */
  cancel(): void;
}

/** Node's longest timer is 2^31 - 1 ms; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, action) {
    let handle: NodeJS.Timeout;
    const set = (remainingMs: number): void => {
      const partMs = Math.min(Math.max(remainingMs, 0), LONGEST_TIMER_MS);
      handle = setTimeout(() => (remainingMs > partMs ? set(remainingMs - partMs) : action()), partMs);
    };
    set(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs, signal) {
    return sleepOn(systemClock, delayMs, signal);
  },
};

/** `Clock.sleep` in terms of `Clock.after`, for every clock. */
export function sleepOn(clock: Pick<Clock, "after">, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.after(delayMs, wake);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
