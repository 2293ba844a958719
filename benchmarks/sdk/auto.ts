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
interface AutoFigures extends Case, AutoReport {
  readonly checkpoints: number;
  readonly peakBytes: number;
}

/** What "auto" costs a job that computes, beside the same loop without Spotproof. */
export async function measureAuto(bench: Bench): Promise<Section> {
  const { onProgress, options } = bench;
  onProgress("auto: calibrating");
  const steps = options.seconds * STEPS_PER_SECOND;
  const { passes = 1 } = await one(bench, { kind: "calibrate", steps, passes: 0, stateBytes: 100 * MIB });
  onProgress("auto: the loop without Spotproof");
  const plain = await one(bench, { kind: "plain", steps, passes, stateBytes: 100 * MIB });
  const figures: AutoFigures[] = [];
  for (const each of CASES) {
    onProgress(`auto: ${each.kind}, ${sizeText(each.stateBytes)}`);
    const report = await one(bench, { ...each, steps, passes });
    figures.push({ ...each, ...report });
  }
  return {
    title: 'Checkpoints by "auto"',
    text: describe(plain, figures, steps),
    bars: figures.map((figure) =>
      judged(`"auto", ${nameOf(figure)}: overhead`, overhead(figure, plain), MOST_OVERHEAD, percent),
    ),
    missing: [],
    versions: [],
    data: { plain, figures },
  };
}

type Figures = AutoReport & Pick<AutoFigures, "checkpoints" | "peakBytes">;

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

function describe(plain: Figures, figures: readonly AutoFigures[], steps: number): string {
  const rows = figures.map((figure) => [
    nameOf(figure),
    seconds(figure.tookMs),
    percent(overhead(figure, plain)),
    percent((figure.tookMs - figure.workedMs) / figure.tookMs),
    String(figure.checkpoints),
    `${(figure.peakBytes / 1e6).toFixed(0)} MB`,
  ]);
  const heads = ["", "whole time", "more than without", "outside of the work", "checkpoints", "peak memory"];
  return `${steps} steps of some 10 ms of computing, each of which changes 256 KiB of the state (as weights are: nothing to compress); from before the claim until the job was recorded as
completed. Without Spotproof: ${seconds(plain.tookMs)}, ${(plain.peakBytes / 1e6).toFixed(0)} MB. "More than without" holds whatever the machine did meanwhile; "outside of the work" is
measured within the process, and holds all that keeps the loop waiting, not what slows it down.

${table(heads, rows)}`;
}

function nameOf({ kind, stateBytes }: Case): string {
  return `${sizeText(stateBytes)}, ${kind}`;
}

function overhead({ tookMs }: AutoReport, plain: AutoReport): number {
  return tookMs / plain.tookMs - 1;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
