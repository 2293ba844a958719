import { type Clock, reasonOf } from "../base/index.ts";
import type { NoticeSource, SourceReport } from "./notice-source.ts";

/** How long sources may take to leave after the abort, in ms. */
const LEAVING_MS = 1000;

/**
 * Watches all sources at once, until `signal` aborts and each has left, or until all are absent. A source that breaks is
 * reported as blind, one that does not leave is left behind after a second: neither touches the others (I2). Nothing is
 * reported after the abort.
 */
export async function watchSources(
  sources: readonly NoticeSource[],
  report: (report: SourceReport) => void,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const reportWhileWanted = (what: SourceReport): void => {
    if (!signal.aborted) report(what);
  };
  const all = Promise.all(
    sources.map(async (source) => {
      try {
        await source.watch(reportWhileWanted, signal);
      } catch (error) {
        reportWhileWanted({ kind: "blind", source: source.name, reason: `it broke: ${reasonOf(error)}` });
      }
    }),
  );
  const settled = new AbortController();
  const left = all.finally(() => settled.abort());
  await Promise.race([left, overdue(clock, signal, settled.signal)]);
}

/** Resolves a while after `signal` has aborted; leaves no timer once `settled` has. */
async function overdue(clock: Clock, signal: AbortSignal, settled: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true, signal: settled });
    });
  }
  await clock.sleep(LEAVING_MS, settled);
}
