import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Sample, measureCommand } from "../shared/measuring.ts";
import type { Workspace } from "../shared/workspace.ts";
import type { Options } from "./options.ts";

/** All programs of this folder that run as processes of their own. */
export const PROGRAMS = [
  "spotproof-steps-process",
  "plain-steps-process",
  "dbos-steps-process",
  "auto-process",
  "items-process",
] as const;
type Program = (typeof PROGRAMS)[number];

/** What a part of the benchmark needs. */
export interface Bench {
  readonly options: Options;
  readonly workspace: Workspace;
  readonly programs: Readonly<Record<Program, string>>;
  readonly onProgress: (what: string) => void;
}

/** A process and what it is told. */
export interface ProcessOrder {
  readonly program: Program;
  /** Without where its report goes. */
  readonly order: Readonly<Record<string, unknown>>;
  /** Arguments after the order. */
  readonly more?: readonly string[] | undefined;
  /** The process is expected to kill itself, without a report. */
  readonly dies?: boolean | undefined;
}

/** Runs a program as a process of its own to its end: what the kernel says of it, and the report that it has written. */
export async function runProcess(
  { workspace, programs }: Bench,
  { program, order, more = [], dies = false }: ProcessOrder,
): Promise<{ readonly sample: Sample; readonly report: unknown }> {
  const path = join(workspace.folder, "report.json");
  const argv = [process.execPath, programs[program], JSON.stringify({ ...order, report: path }), ...more];
  const sample = await measureCommand(workspace, {
    argv: argv as [string, ...string[]],
    folder: workspace.folder,
    endsWith: dies ? -9 : 0,
  });
  return { sample, report: dies ? undefined : JSON.parse(readFileSync(path, "utf8")) };
}
