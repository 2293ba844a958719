import { type Clock, SpotproofError, withTimeLimit } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { aroundEachCall, movesData, nameOfCall, type StoreCall } from "./each-call.ts";

/** For each further so many bytes a call may take as long again: 60 s then ask for 280 KB/s, no more. */
const BYTES_PER_LIMIT = 16 * 1024 * 1024;

/**
 * A store whose calls take at most `limitMs`, and as much again for each 16 MiB that they move; a longer one rejects with
 * `store-unreachable`. A write that was given up so may still happen, as with every lost answer. For what hangs instead of
 * failing: network file systems, connections through which nothing comes any more (E2).
 */
export function limitCalls(store: Store, clock: Clock, limitMs: number): Store {
  return aroundEachCall(store, (call, make) => {
    const longestMs = limitMs * (1 + movedBytes(call) / BYTES_PER_LIMIT);
    const reason = (): Error =>
      new SpotproofError(
        "store-unreachable",
        `${store.description}: no answer to "${nameOfCall(call)}" within ${Math.round(longestMs / 100) / 10} s.`,
      );
    return withTimeLimit({ clock, limitMs: longestMs, reason, signal: call.signal }, make);
  });
}

/** Of a pack that is read whole nobody knows the size before. */
function movedBytes(call: StoreCall): number {
  if (!movesData(call)) return 0;
  return call.kind === "read" ? (call.readBytes ?? BYTES_PER_LIMIT) : call.writtenBytes;
}
