import type { JudgedBar } from "./bars.ts";

/** A table of Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return `${line(heads)}${line(heads.map(() => "---"))}${rows.map(line).join("")}`;
}

/** Which bars were reached. */
export function barsTable(bars: readonly JudgedBar[]): string {
  const rows = bars.map(({ what, bar, reached, verdict }) => [
    what,
    bar,
    reached,
    verdict === "missed" ? "**missed**" : verdict,
  ]);
  return table(["work", "bar", "measured", ""], rows);
}

/** For people: `2 GiB`, `256 MiB`. */
export function sizeText(bytes: number): string {
  const [value, unit] = bytes >= 2 ** 30 ? [bytes / 2 ** 30, "GiB"] : [bytes / 2 ** 20, "MiB"];
  return `${Number(value.toFixed(1))} ${unit}`;
}
