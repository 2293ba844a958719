import { type Clock, type ErrorCode, type MonotonicMs, SpotproofError } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { type StoreCall, aroundEachCall } from "./each-call.ts";

/** One call of a store that has ended. Plain data. */
export interface TracedCall {
  readonly kind: StoreCall["kind"];
  /** The key; of a listing the prefix. */
  readonly key: string;
  /** Bytes that were written, or read. */
  readonly bytes: number;
  /** `clock.now()` when it began. */
  readonly startedAtMs: MonotonicMs;
  readonly durationMs: number;
  /** `given-up`: its signal aborted. `failed`: `code` says how. */
  readonly outcome: "done" | "created" | "exists" | "absent" | "failed" | "given-up";
  /** Of a failure in the words of the catalogue. */
  readonly code?: ErrorCode | undefined;
}

/** A store that tells of every call when it has ended. What `onCall` throws is thrown: it must not. */
export function traceCalls(store: Store, clock: Clock, onCall: (call: TracedCall) => void): Store {
  return aroundEachCall(store, async (call, make) => {
    const { kind, key, writtenBytes, signal } = call;
    const startedAtMs = clock.now();
    const tell = (bytes: number, outcome: TracedCall["outcome"], code?: ErrorCode): void =>
      onCall({
        kind,
        key,
        bytes,
        startedAtMs,
        durationMs: clock.now() - startedAtMs,
        outcome,
        ...(code === undefined ? {} : { code }),
      });
    try {
      const result = await make(signal);
      const created: unknown = result;
      if (created === "created" || created === "exists") tell(writtenBytes, created);
      else if (Buffer.isBuffer(result)) tell(result.length, "done");
      else tell(writtenBytes, kind === "read" ? "absent" : "done");
      return result;
    } catch (error) {
      const code = error instanceof SpotproofError ? error.code : "internal";
      if (signal?.aborted === true) tell(writtenBytes, "given-up");
      else tell(writtenBytes, "failed", code);
      throw error;
    }
  });
}
