import { judged } from "../shared/bars.ts";
import type { Section } from "../shared/section.ts";
import { sizeText, table } from "../shared/tables.ts";
import type { AutoOrder, AutoReport } from "./auto-process.ts";
import { type Bench, runProcess } from "./bench.ts";
import { type Overhead, type Span, median, overheadOf, undisturbedMs } from "./save-excess.ts";

const MIB = 2 ** 20;
/** The cap of `"auto"` by default. */
const MOST_OVERHEAD = 0.035;
const STEPS_PER_SECOND = 100;
/** The loop without Spotproof, as a process of its own, makes one of so many of the steps. */
const PLAIN_PART = 12;
/** The same within the process of the job, before it and after it: 2 s, or a part of the steps if these are few. */
const PLAIN_STEPS_WITHIN = 200;
const PLAIN_PART_WITHIN = 5;
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

/** One job that was checkpointed by "auto". Times in ms. */
interface AutoFigures extends Case {
  readonly tookMs: number;
  readonly overhead: Overhead;
  readonly saves: readonly Span[];
  readonly peakBytes: number;
  /** Medians of a step: without Spotproof in the same process, in the job's first and last steps without a save, and without again. */
  readonly stepMs: {
    readonly plainBefore: number;
    readonly first: number;
    readonly last: number;
    readonly plainAfter: number;
  };
  /** What the steps would have taken in a process without Spotproof just before and just after, by a part of them. */
  readonly plainTookMs: readonly [number, number];
}

/** What "auto" costs a job that computes, by its own steps with and without a save under way. */
export async function measureAuto(bench: Bench): Promise<Section> {
  const { onProgress, options } = bench;
  onProgress("auto: calibrating");
  const steps = options.seconds * STEPS_PER_SECOND;
  const { report } = await one(bench, { kind: "calibrate", steps, passes: 0, stateBytes: 100 * MIB });
  const { passes = 1 } = report;
  const figures: AutoFigures[] = [];
  let last: { readonly stateBytes: number; readonly tookMs: number } | undefined;
  for (const each of CASES) {
    const { stateBytes } = each;
    const before =
      last?.stateBytes === stateBytes ? last.tookMs : await plain(bench, { steps, passes, stateBytes });
    onProgress(`auto: ${nameOf(each)}`);
    const measured = await measureCase(bench, each, { steps, passes });
    const after = await plain(bench, { steps, passes, stateBytes });
    figures.push({ ...measured, plainTookMs: [before, after] });
    last = { stateBytes, tookMs: after };
  }
  return {
    title: 'Checkpoints by "auto"',
    text: describe(figures, steps),
    bars: figures.map((figure) =>
      judged(`"auto", ${nameOf(figure)}: overhead`, figure.overhead.share, MOST_OVERHEAD, percent),
    ),
    missing: [],
    versions: [],
    data: figures,
  };
}

type Load = Pick<AutoOrder, "steps" | "passes">;

async function measureCase(bench: Bench, each: Case, load: Load): Promise<Omit<AutoFigures, "plainTookMs">> {
  const plainSteps = Math.min(PLAIN_STEPS_WITHIN, Math.ceil(load.steps / PLAIN_PART_WITHIN));
  const { report, peakBytes } = await one(bench, { ...each, ...load, plainSteps });
  const { job, plainMs, plainAfterMs } = report;
  if (job === undefined) throw new Error("The process of the job told nothing of it.");
  const undisturbed = undisturbedMs(job);
  return {
    ...each,
    tookMs: job.tookMs,
    overhead: overheadOf(job),
    saves: job.saves,
    peakBytes,
    stepMs: {
      plainBefore: median(plainMs),
      first: median(undisturbed.slice(0, plainSteps)),
      last: median(undisturbed.slice(-plainSteps)),
      plainAfter: median(plainAfterMs),
    },
  };
}

/** What the steps take in a process without Spotproof, by a part of them. */
async function plain(bench: Bench, load: Load & Pick<Case, "stateBytes">): Promise<number> {
  bench.onProgress(`auto: the loop without Spotproof, ${sizeText(load.stateBytes)}`);
  const some = Math.ceil(load.steps / PLAIN_PART);
  const { report } = await one(bench, { ...load, kind: "plain", steps: some });
  const tookMs = report.plainMs.reduce((total, ms) => total + ms, 0);
  return (tookMs * load.steps) / some;
}

async function one(
  bench: Bench,
  order: Omit<AutoOrder, "store" | "report">,
): Promise<{ readonly report: AutoReport; readonly peakBytes: number }> {
  const store = bench.workspace.absent("store");
  const { sample, report } = await runProcess(bench, {
    program: "auto-process",
    order: { ...order, store },
  });
  bench.workspace.absent("store");
  return { report: report as AutoReport, peakBytes: sample.peakBytes };
}

function describe(figures: readonly AutoFigures[], steps: number): string {
  const rows = figures.map((figure) => {
    const { tookMs, overhead, saves, peakBytes } = figure;
    return [
      nameOf(figure),
      seconds(tookMs),
      percent(overhead.share),
      seconds(overhead.outsideMs),
      `${seconds(overhead.excessMs)} in ${overhead.stepsDuringSaves.toLocaleString("en")} steps`,
      overhead.control === undefined
        ? "–"
        : `${percent(overhead.control.mean)} ± ${percent(overhead.control.deviation)}`,
      String(saves.length),
      `${(peakBytes / 1e6).toFixed(0)} MB`,
    ];
  });
  const heads = [
    "",
    "whole time",
    "overhead",
    "outside of the steps",
    "longer steps during saves",
    "control",
    "checkpoints",
    "peak memory",
  ];
  return `${steps.toLocaleString("en")} steps of some 10 ms of computing, each of which changes 256 KiB of the state (as weights are: nothing to compress); from
before the claim until the job was recorded as completed. The overhead is reckoned within the process, as the speed of the machine may drift:
all time outside of the steps (the claim, safe points, copies, waiting for a save, heartbeats, timers, the end), and what steps during a save and in
the half second after it took longer than the median of up to 50 steps without a save on each side; both divided by the rest. "Control" is what the
longer steps would come to, as a part of the overhead, if the same were reckoned for as many stretches of the same lengths in which nothing was
saved: what the reckoning finds where there is nothing to be found, and its standard deviation.

${table(heads, rows)}
${describeSteps(figures)}`;
}

/** Not judged: how much of it is the machine nobody knows. */
function describeSteps(figures: readonly AutoFigures[]): string {
  const rows = figures.map((figure) => {
    const { plainBefore, first, last, plainAfter } = figure.stepMs;
    return [
      nameOf(figure),
      ...[plainBefore, first, last, plainAfter].map((ms) => `${ms.toFixed(2)} ms`),
      figure.plainTookMs.map(seconds).join(", "),
    ];
  });
  const heads = [
    "",
    "plain loop just before",
    "first steps of the job",
    "its last steps",
    "plain loop just after",
    "all steps by processes without Spotproof, before and after",
  ];
  return `Whether steps without a save are slowed down: the median of a step in the loop without Spotproof, in the same process and on the same memory
just before the job and just after it, beside as many of the job's first and last steps without a save. The last column is the loop in processes
of its own before and after, for a twelfth of the steps, reckoned up. None of this is judged: where the loop alone differs as much before and after, or
from process to process, the differences are the machine's and say nothing of Spotproof. (The function that computes is kept from being inlined: V8 makes
slower code of it within any loop that awaits.)

${table(heads, rows)}`;
}

function nameOf({ kind, stateBytes }: Case): string {
  return `${sizeText(stateBytes)}, ${kind}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
