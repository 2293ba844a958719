import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import {
  SpotproofError,
  formatDuration,
  parseDuration,
  reasonOf,
  systemErrorCode,
} from "../../base/index.ts";
import type { TraceDescription, TraceStatistics } from "../../simulator/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import { parseCount, parseShare } from "../option-values.ts";
import type { Work } from "../program.ts";

/** The options of `spotproof trace generate`, as typed. */
export interface RawGenerateOptions {
  readonly seed: string;
  readonly availability: string;
  readonly medianRun: string;
  readonly meanRun: string;
  readonly gap: string;
  readonly days: string;
  readonly most: string;
}

/** The options of `spotproof trace describe`, as typed. */
export interface RawDescribeOptions {
  readonly need: string;
  readonly json?: boolean | undefined;
}

/** `spotproof trace`: recorded availability of capacity, made and measured. */
export function declareTraceCommand(program: Command, choose: (work: Work) => void): void {
  const trace = program
    .command("trace")
    .summary("make and measure recordings of available capacity")
    .description(
      "Works on traces: how many instances were available, tick by tick. A scenario can replay one (docs/guides/scenarios.md).",
    );
  trace
    .command("generate")
    .summary("print a synthetic trace with given statistics")
    .description("Prints a synthetic trace that has the asked statistics, as JSON.")
    .option("--seed <n>", "the same number gives the same trace", "1")
    .option("--availability <share>", "the share of the time with at least one instance", "60%")
    .option("--median-run <duration>", "half of the stretches with an instance are shorter", "40m")
    .option("--mean-run <duration>", "the mean of these stretches", "3h")
    .option("--gap <duration>", "from one tick to the next", "195s")
    .option("--days <n>", "how many days it is long", "14")
    .option("--most <n>", "the most instances that are ever available", "8")
    .action((raw: RawGenerateOptions) => {
      choose((io) => generate(raw, io));
    });
  trace
    .command("describe")
    .summary("measure a trace")
    .description("Prints what a trace is like: availability, lengths of runs and outages, interruptions.")
    .argument("<file>", "JSON with gap_seconds and data")
    .option("--need <n>", "so many instances are needed", "1")
    .option("--json", "print it as JSON, times in ms")
    .action((file: string, raw: RawDescribeOptions) => {
      choose((io) => describe(file, raw, io));
    });
}

async function generate(raw: RawGenerateOptions, io: CommandIo): Promise<number> {
  const statistics = readStatistics(raw);
  const { generateTrace, writeTrace } = await import("../../simulator/index.ts");
  io.out(writeTrace(generateTrace(statistics)));
  return EXIT.done.status;
}

function readStatistics(raw: RawGenerateOptions): TraceStatistics {
  return {
    seed: parseCount(raw.seed, "--seed", 0, 4_294_967_295),
    availability: parseShare(raw.availability, "--availability", "above 0%"),
    medianRunMs: parseDuration(raw.medianRun, "--median-run"),
    meanRunMs: parseDuration(raw.meanRun, "--mean-run"),
    gapMs: parseDuration(raw.gap, "--gap"),
    days: parseCount(raw.days, "--days", 1, 10_000),
    most: parseCount(raw.most, "--most", 1),
  };
}

async function describe(file: string, raw: RawDescribeOptions, io: CommandIo): Promise<number> {
  const need = parseCount(raw.need, "--need", 1);
  const text = await readTraceFile(resolve(io.workingFolder, file), file);
  const { describeTrace, readTrace } = await import("../../simulator/index.ts");
  const found = describeTrace(readTrace(text, file), need);
  io.out(raw.json === true ? `${JSON.stringify(found)}\n` : sheetOf(found, need));
  return EXIT.done.status;
}

async function readTraceFile(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const reason = systemErrorCode(error) === "ENOENT" ? "it does not exist" : reasonOf(error);
    throw new SpotproofError("bad-usage", `The trace ${shown} cannot be read: ${reason}.`, { cause: error });
  }
}

function sheetOf(found: TraceDescription, need: number): string {
  const rows: readonly (readonly [string, string])[] = [
    ["length", `${formatDuration(found.lengthMs)} in ${found.ticks} ticks of ${formatDuration(found.gapMs)}`],
    [
      "availability",
      `${(found.availability * 100).toFixed(1)} % of the time with ${need === 1 ? "an instance" : `${need} instances`}`,
    ],
    ["interruptions", `${found.interruptions}`],
    ["runs", stretches(found.runs, found.medianRunMs, found.meanRunMs)],
    ["outages", stretches(found.outages, found.medianOutageMs, found.meanOutageMs)],
    ["most", `${found.most} instances at once`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(14)}${value}\n`).join("");
}

function stretches(count: number, medianMs: number, meanMs: number): string {
  if (count === 0) return "none";
  return `${count}, median ${formatDuration(medianMs)}, mean ${formatDuration(meanMs)}`;
}
