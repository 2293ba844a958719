import { table } from "../shared/tables.ts";
import { type Figure, type Results, WORKS, type Work } from "./results.ts";

// Tables of a report. Ratios come first: figures of two machines cannot be compared, ratios within one run can.

/** Ours divided by each peer's, for each piece of work. */
export function ratiosTable(results: Results, ours: string): string {
  const peers = results.tools.filter((tool) => tool !== ours);
  const rows = results.works.map((work) => [
    WORKS[work],
    ...peers.map((peer) => {
      const time = results.ratio(ours, peer, work, "wallMs");
      const bytes = results.ratio(ours, peer, work, "addedBytes");
      if (time === undefined) return "–";
      return bytes === undefined || !isIncremental(work)
        ? ratio(time)
        : `${ratio(time)} (bytes ${ratio(bytes)})`;
    }),
  ]);
  return table(["Spotproof ÷", ...peers], rows);
}

/** The medians of every tool: wall seconds (CPU seconds, MiB of peak memory; MB that were added to what is stored). */
export function mediansTable(results: Results): string {
  const rows = results.works.map((work) => [
    WORKS[work],
    ...results.tools.map((tool) => {
      const of = (figure: Figure): number | undefined => results.median(tool, work, figure);
      const [wall, cpu, peak, added] = [of("wallMs"), of("cpuMs"), of("peakBytes"), of("addedBytes")];
      if (wall === undefined || cpu === undefined || peak === undefined) return "–";
      const stored = added === undefined ? "" : `; ${(added / 1_000_000).toFixed(1)} MB`;
      return `${seconds(wall)} (${seconds(cpu)}, ${(peak / 2 ** 20).toFixed(0)}${stored})`;
    }),
  ]);
  return table(["work", ...results.tools], rows);
}

/** How far the runs of each work lay apart: the slowest divided by the quickest, the worst of all tools. */
export function spreadSentence(results: Results): string {
  const spreads = results.works.flatMap((work) =>
    results.tools.map((tool) => {
      const walls = results.runs(tool, work).map(({ wallMs }) => wallMs);
      return { what: `${tool}, ${WORKS[work]}`, spread: Math.max(...walls) / Math.min(...walls) };
    }),
  );
  const sorted = spreads.filter(({ spread }) => Number.isFinite(spread)).sort((a, b) => b.spread - a.spread);
  const [widest] = sorted;
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (widest === undefined || middle === undefined || widest.spread === 1) return "";
  return `Runs of one work lie apart by a factor of ${ratio(middle.spread)} in the middle and ${ratio(widest.spread)} at most (${widest.what}).\n`;
}

function isIncremental(work: Work): boolean {
  return work === "change" || work === "insert";
}

function seconds(ms: number): string {
  return ms < 10_000 ? (ms / 1000).toFixed(2) : (ms / 1000).toFixed(1);
}

function ratio(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
