import type { Clock } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { limitBandwidth } from "./limit-bandwidth.ts";
import { limitCalls } from "./limit-calls.ts";
import { limitConcurrency } from "./limit-concurrency.ts";
import { type TracedCall, traceCalls } from "./trace-calls.ts";

/** What a store's calls are kept to. */
export interface StoreLimits {
  /** How long one try of a small call may take, in ms (see `limitCalls`). */
  readonly callLimitMs: number;
  /** So many calls that move data at once; undefined = any number. */
  readonly connections?: number | undefined;
  readonly uploadBytesPerSecond?: number | undefined;
  readonly downloadBytesPerSecond?: number | undefined;
  /** Lifts the limits of bandwidth, for good. */
  readonly lifted?: AbortSignal | undefined;
  /** Told of every try. */
  readonly onCall?: ((call: TracedCall) => void) | undefined;
}

/**
 * The one order in which wrappers belong around a store, from the outside in:
 *
 *   retries (`retryCalls`, by whoever uses the store: each has another patience)
 *   └ a place among the calls at once     a call that waits before its next try gives its place back
 *     └ bandwidth                         waiting for it is no slowness of the store's
 *       └ trace                           of each try, as the store sees it: requests can be counted
 *         └ time limit                    of each try alone
 *           └ the store, or its faults
 */
export function limitStore(store: Store, clock: Clock, limits: StoreLimits): Store {
  const { callLimitMs, connections, onCall, ...bandwidth } = limits;
  let limited = limitCalls(store, clock, callLimitMs);
  if (onCall !== undefined) limited = traceCalls(limited, clock, onCall);
  limited = limitBandwidth(limited, { clock, ...bandwidth });
  return connections === undefined ? limited : limitConcurrency(limited, connections);
}
