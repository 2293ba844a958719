import type { Clock, MonotonicMs } from "./clock.ts";

/** A moment on this process's monotonic clock by which something must be over. */
export interface Deadline {
  readonly atMs: MonotonicMs;
}

/** The deadline that is `leadMs` from now. */
export function deadlineIn(clock: Clock, leadMs: number): Deadline {
  return { atMs: clock.now() + leadMs };
}

/** Milliseconds left; negative when it has passed. */
export function remainingMs(clock: Clock, deadline: Deadline): number {
  return deadline.atMs - clock.now();
}

/** The earlier one; an absent deadline is later than every other. */
export function earlier(a: Deadline | undefined, b: Deadline | undefined): Deadline | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a.atMs <= b.atMs ? a : b;
}
