import { reasonOf } from "../../base/index.ts";
import type { FolderSaver } from "../checkpoint.ts";

/** What `sweepingOnce` needs beside the saver. */
export interface SweepOptions {
  /** Removes from the store what writers left half-written that died long ago. */
  readonly sweep: (options: { readonly signal: AbortSignal | undefined }) => Promise<unknown>;
  /** Is told why that failed: a pity, and no reason to let a prune fail. */
  readonly onNotSwept: (reason: string) => void;
}

/** With the first prune goes what dead writers left in the store. One that was given up is done with the next. */
export function sweepingOnce(saver: FolderSaver, { sweep, onNotSwept }: SweepOptions): FolderSaver {
  let swept = false;
  return {
    save: (request) => saver.save(request),
    async prune(retention, signal) {
      const report = await saver.prune(retention, signal);
      if (swept) return report;
      swept = true;
      await sweep({ signal }).catch((error: unknown) => {
        if (signal?.aborted === true) swept = false;
        else onNotSwept(reasonOf(error));
      });
      return report;
    },
  };
}
