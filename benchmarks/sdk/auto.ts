import { readdirSync } from "node:fs";
import { join } from "node:path";
import { judged } from "../shared/bars.ts";
import type { Section } from "../shared/section.ts";
import { sizeText, table } from "../shared/tables.ts";
import type { AutoOrder, AutoReport } from "./auto-process.ts";
import { type Bench, runProcess } from "./bench.ts";

const MIB = 2 ** 20;
/** The cap of `"auto"` by default. */
const MOST_OVERHEAD = 0.035;
const STEPS_PER_SECOND = 100;
/** The loop without Spotproof makes one of so many of the steps, but twice for each case. */
const PLAIN_PART = 6;
/** A state, and how it is saved. */
interface Case {
  readonly kind: "background" | "wait";
  readonly stateBytes: number;
}

const CASES: readonly Case[] = [
  { kind: "background", stateBytes: 100 * MIB },
  { kind: "wait", stateBytes: 100 * MIB },
  { kind: "background", stateBytes: MIB },
];

/** One job that was checkpointed by "auto". */
interface AutoFigures extends Case, Figures {
  /** What a step took without Spotproof just before and just after, in ms. */
  readonly plainStepMs: readonly [number, number];
}

/** What "auto" costs a job that computes, beside the same loop without Spotproof. */
export async function measureAuto(bench: Bench): Promise<Section> {
  const { onProgress, options } = bench;
  onProgress("auto: calibrating");
  const steps = options.seconds * STEPS_PER_SECOND;
  const { passes = 1 } = await one(bench, { kind: "calibrate", steps, passes: 0, stateBytes: 100 * MIB });
  const plain = async (): Promise<number> => {
    onProgress("auto: the loop without Spotproof");
    const some = Math.ceil(steps / PLAIN_PART);
    return runningMs(await one(bench, { kind: "plain", steps: some, passes, stateBytes: 100 * MIB })) / some;
  };
  const figures: AutoFigures[] = [];
  let before = await plain();
  for (const each of CASES) {
    onProgress(`auto: ${each.kind}, ${sizeText(each.stateBytes)}`);
    const report = await one(bench, { ...each, steps, passes });
    const after = await plain();
    figures.push({ ...each, ...report, plainStepMs: [before, after] });
    before = after;
  }
  return {
    title: 'Checkpoints by "auto"',
    text: describe(figures, steps),
    bars: figures.map((figure) =>
      judged(`"auto", ${nameOf(figure)}: overhead`, overhead(figure, steps), MOST_OVERHEAD, percent),
    ),
    missing: [],
    versions: [],
    data: figures,
  };
}

interface Figures extends AutoReport {
  readonly checkpoints: number;
  readonly peakBytes: number;
}

async function one(bench: Bench, order: Omit<AutoOrder, "store" | "report">): Promise<Figures> {
  const store = bench.workspace.absent("store");
  const { sample, report } = await runProcess(bench, {
    program: "auto-process",
    order: { ...order, store },
  });
  const checkpoints = order.kind === "background" || order.kind === "wait" ? checkpointsMade(store) : 0;
  bench.workspace.absent("store");
  return { ...(report as AutoReport), checkpoints, peakBytes: sample.peakBytes };
}

/** Checkpoints are numbered within an attempt, those that were removed again included. */
function checkpointsMade(store: string): number {
  const names = readdirSync(join(store, "jobs", "benchmark", "checkpoints")).sort();
  return Number(names.at(-1)?.slice(7, 13) ?? 0);
}

function describe(figures: readonly AutoFigures[], steps: number): string {
  const rows = figures.map((figure) => [
    nameOf(figure),
    seconds(runningMs(figure)),
    figure.plainStepMs.map((ms) => seconds(ms * steps)).join(", "),
    percent(overhead(figure, steps)),
    percent(1 - figure.workedMs / runningMs(figure)),
    String(figure.checkpoints),
    `${(figure.peakBytes / 1e6).toFixed(0)} MB`,
  ]);
  const heads = [
    "",
    "whole time",
    "without Spotproof, before and after",
    "overhead",
    "outside of the steps",
    "checkpoints",
    "peak memory",
  ];
  return `${steps.toLocaleString("en")} steps of some 10 ms of computing, each of which changes 256 KiB of the state (as weights are: nothing to compress); from
before the claim until the job was recorded as completed, less the making of the first state. The same loop without Spotproof runs just before and
just after each, for a part of the time, and is reckoned up; the overhead is beside the mean of both. What the machine does meanwhile is in
it. "Outside of the steps" is measured within the process: all that keeps the loop waiting, and not what slows it down.

${table(heads, rows)}`;
}

function nameOf({ kind, stateBytes }: Case): string {
  return `${sizeText(stateBytes)}, ${kind}`;
}

function overhead(figure: AutoFigures, steps: number): number {
  const [before, after] = figure.plainStepMs;
  return runningMs(figure) / (steps * ((before + after) / 2)) - 1;
}

function runningMs({ tookMs, preparedMs }: AutoReport): number {
  return tookMs - preparedMs;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
