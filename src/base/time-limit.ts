import type { Clock } from "./clock.ts";

/** What `withTimeLimit` keeps to. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly limitMs: number;
  /** What the work's signal aborts with when the time is over. */
  readonly reason: () => Error;
  /** Ends the work earlier; passed on with its own reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does `work` with a signal that aborts after `limitMs`, or when the caller's own signal does. The work must heed it;
 * neither a timer nor a listener is left afterwards.
 */
export async function withTimeLimit<Result>(
  { clock, limitMs, reason, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const stop = (): void => limit.abort(signal?.reason);
  if (signal?.aborted === true) stop();
  // Not AbortSignal.any: it keeps some memory of each call for as long as the caller's signal lives.
  signal?.addEventListener("abort", stop);
  const timer = clock.after(limitMs, () => limit.abort(reason()));
  try {
    return await work(limit.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", stop);
  }
}
