import type { Store } from "../store.ts";
import { aroundEachCall, movesData } from "./each-call.ts";

/**
 * A store at most `most` of whose calls that move data are under way at once; the others wait in the order in which they
 * came, each until its signal aborts. What is small (up to 64 KiB: claims, heartbeats, outcomes, listings) never waits.
 */
export function limitConcurrency(store: Store, most: number): Store {
  const waiting = new Set<() => void>();
  let underWay = 0;
  const beginNext = (): void => {
    for (const begin of waiting) {
      if (underWay >= most) return;
      underWay += 1;
      waiting.delete(begin);
      begin();
    }
  };
  const turn = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(begin);
        reject(signal?.reason as Error);
      };
      const begin = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      signal?.addEventListener("abort", leave, { once: true });
      waiting.add(begin);
      beginNext();
    });
  return aroundEachCall(store, async (call, make) => {
    if (!movesData(call)) return make(call.signal);
    call.signal?.throwIfAborted();
    await turn(call.signal);
    try {
      return await make(call.signal);
    } finally {
      underWay -= 1;
      beginNext();
    }
  });
}
