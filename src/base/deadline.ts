import type { Clock, MonotonicMs } from "./clock.ts";

/** A moment on this process's monotonic clock by which something must be over. */
export interface Deadline {
  readonly atMs: MonotonicMs;
}

/** Milliseconds left; negative when it has passed. */
export function remainingMs(clock: Clock, deadline: Deadline): number {
  return deadline.atMs - clock.now();
}
