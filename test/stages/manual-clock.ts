import { type Clock, sleepOn } from "../../src/base/index.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves both times on and fires what is due, in order. */
  advance(ms: number): void;
  /** Moves the wall clock alone, as an administrator or NTP does. */
  jumpWall(ms: number): void;
  /** How many sleeps are under way at present: somebody waits, and not for the network. */
  readonly sleepers: number;
  /** How many timers are set at present. */
  readonly pending: number;
}

/** Starts at a whole second, so that `Date` headers, which have no fractions, are exact at first. */
export function manualClock(wallTime = Date.UTC(2026, 0, 2, 3, 4, 5)): ManualClock {
  let nowMs = 5_000;
  let wallMs = wallTime;
  let sleepers = 0;
  const timers = new Set<{ readonly dueMs: number; readonly action: () => void }>();
  const clock: ManualClock = {
    now: () => nowMs,
    wallTime: () => wallMs,
    after(delayMs, action) {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), action };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    async sleep(delayMs, signal) {
      sleepers += 1;
      await sleepOn(clock, delayMs, signal);
      sleepers -= 1;
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [due] = [...timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
        if (due === undefined) break;
        wallMs += due.dueMs - nowMs;
        nowMs = due.dueMs;
        timers.delete(due);
        due.action();
      }
      wallMs += untilMs - nowMs;
      nowMs = untilMs;
    },
    jumpWall: (ms) => {
      wallMs += ms;
    },
    get sleepers() {
      return sleepers;
    },
    get pending() {
      return timers.size;
    },
  };
  return clock;
}

/** Lets real sockets and processes do their work until `condition` holds; fails after ten real seconds. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`waited ten seconds for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
