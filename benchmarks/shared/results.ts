import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeMachine } from "../paired.ts";
import type { Section } from "./section.ts";

/**
 * Writes a report, and all runs beside it as JSON, to the place that was asked for or to the results of the benchmark with this name. What is
 * only a part never takes the place of the whole, unless it is asked for.
 */
export function writeResults(
  name: string,
  options: { readonly partial: boolean; readonly report?: string | undefined },
  report: string,
  sections: readonly Section[],
): void {
  const whole = options.partial ? undefined : join(import.meta.dirname, "..", "results", name);
  const path = options.report ?? whole;
  if (path === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.md`, report);
  const data = Object.fromEntries(sections.map(({ title, data }) => [title, data]));
  writeFileSync(`${path}.json`, `${JSON.stringify({ machine: describeMachine(), ...data }, undefined, 2)}\n`);
}
