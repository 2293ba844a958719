import type {
  InterruptionHappening,
  JobAttempt,
  MachineLife,
  RehearsalRecord,
  RehearsedJob,
} from "../rehearsal/record.ts";
import type { Plan, PlannedInterruption } from "../scenario/plan.ts";
import type { JobTotals, JobVerdict, Verdict } from "../verdict/verdict.ts";

// What the records of all scenes have in common. Scenes give what they are about.

/** A rehearsal as reports get it. */
export interface Scene {
  readonly record: RehearsalRecord;
  readonly verdict: Verdict;
}

/** Ends of attempts. */
export const INTERRUPTED = {
  kind: "interrupted",
  status: null,
  signal: null,
  reason: "notice: terminate in 3.0 s",
} as const;
export const COMPLETED = {
  kind: "completed",
  status: 0,
  signal: null,
  reason: "the command ended with status 0",
} as const;
export const DIED = { kind: "died", reason: "its machine was taken away without notice" } as const;

/** A plan with so many interruptions. */
function plan(scenario: string, interruptions: readonly InterruptionHappening[]): Plan {
  return {
    scenario,
    description: `The scene ${scenario}.`,
    seed: 7,
    cloud: "aws",
    machines: 1,
    zones: ["eu-west-1a", "eu-west-1b"],
    metadata: { tokens: "required", clockAheadMs: 0, faults: [] },
    interruptions: interruptions.map(
      ({ number }): PlannedInterruption => ({
        number,
        at: { kind: "share", share: number / (interruptions.length + 1) },
        duringWrite: false,
        notice: { action: "terminate", leadMs: 120_000, via: "metadata" },
        end: { kind: "machine" },
        capacityDelayMs: 30_000,
        flaps: [],
        faults: [],
      }),
    ),
    storeFaults: [],
    limits: { machines: 40, timeMs: 3_600_000 },
  };
}

/** A record around jobs and interruptions. */
export function record(
  scenario: string,
  interruptions: readonly InterruptionHappening[],
  jobs: readonly RehearsedJob[],
  changes: Partial<RehearsalRecord> = {},
): RehearsalRecord {
  return {
    format: 1,
    writtenBy: "spotproof 0.1.0",
    startedAt: "2026-01-02T03:04:05.000Z",
    tookMs: Math.max(1, ...jobs.flatMap((job) => job.machines.map((machine) => machine.toMs))),
    plan: plan(scenario, interruptions),
    speed: 40,
    pacedBy: "progress",
    computer: { platform: "linux x64", cores: 4, node: "20.19.0", isolation: "namespaces" },
    notes: [
      "Machines were process trees on one computer: they shared its processor, its memory and its network.",
      "What a crash of the kernel or of the hypervisor leaves on a disk was not simulated.",
    ],
    interruptions,
    storeFaults: [],
    jobs,
    ...changes,
  };
}

/** A machine; `released` at its end unless the changes say otherwise. */
export function machine(
  number: number,
  fromMs: number,
  toMs: number,
  changes: Partial<MachineLife> = {},
): MachineLife {
  const zone = number % 2 === 1 ? "eu-west-1a" : "eu-west-1b";
  return { number, zone, fromMs, toMs, end: "released", pauses: [], aliveAtEnd: [], ...changes };
}

/** How an attempt of `attempt()` is described. */
export interface AttemptSketch {
  readonly number: number;
  readonly machine?: number;
  readonly fromMs: number;
  readonly workFromMs?: number;
  readonly toMs: number;
  readonly end: JobAttempt["end"];
  /** Share of the work at its begin and end; none when the job reports none. */
  readonly shares?: readonly [number, number];
  /** Shares that it repeats from its predecessor's count for nothing. */
  readonly lostMs?: number;
  readonly savesAt?: readonly number[];
  readonly resumedFrom?: string;
  readonly heardMs?: number;
  readonly killed?: readonly string[];
  readonly leftRunning?: readonly string[];
  readonly skippedCheckpoints?: readonly string[];
  readonly restarts?: number;
}

const TOTAL_STEPS = 2000;
const POINTS = 24;

/** An attempt with evenly growing progress. */
export function attempt(sketch: AttemptSketch): JobAttempt {
  const { number, fromMs, toMs, shares, lostMs = 0, savesAt = [], resumedFrom } = sketch;
  const workFromMs = sketch.workFromMs ?? fromMs + 200;
  const between = (share: number, from: number, to: number): number => from + share * (to - from);
  return {
    number,
    machine: sketch.machine ?? number,
    fromMs,
    workFromMs,
    toMs,
    end: sketch.end,
    resumedFrom,
    restoreMs: resumedFrom === undefined ? undefined : 84,
    saves: savesAt.map((atMs, index) => ({
      id: `${String(number).padStart(6, "0")}-${String(index + 1).padStart(6, "0")}`,
      atMs,
      reason: index === savesAt.length - 1 && sketch.heardMs !== undefined ? "last" : "interval",
      durationMs: 40 + ((index * 37) % 90),
      storedBytes: 120_000 + index * 900,
    })),
    progress:
      shares === undefined
        ? []
        : Array.from({ length: POINTS }, (_, index) => ({
            atMs: between(index / (POINTS - 1), workFromMs, toMs),
            done: Math.round(TOTAL_STEPS * between(index / (POINTS - 1), ...shares)),
            total: TOTAL_STEPS,
            unit: "steps",
          })),
    heardMs: sketch.heardMs,
    usefulMs: Math.max(0, toMs - workFromMs - lostMs),
    lostMs,
    lostProgress: shares === undefined || lostMs === 0 ? undefined : Math.round(lostMs / 8),
    killed: sketch.killed ?? [],
    leftRunning: sketch.leftRunning,
    skippedCheckpoints: sketch.skippedCheckpoints,
    restarts: sketch.restarts,
  };
}

/** A job under Spotproof unless the changes say otherwise. */
export function job(
  machines: readonly MachineLife[],
  attempts: readonly JobAttempt[],
  changes: Partial<RehearsedJob> = {},
): RehearsedJob {
  return {
    id: "job",
    title: "with Spotproof",
    command: "python3 examples/survives/count.py",
    supervised: true,
    alone: {
      tookMs: 14_800,
      status: 0,
      signal: null,
      progress: { atMs: 14_700, done: 2000, total: 2000, unit: "steps" },
    },
    machines,
    attempts,
    outputs: [],
    leftBehind: [],
    halfWritten: [],
    lastWords: [],
    ...changes,
  };
}

/** What a verdict says about a job: its sums are taken from it. */
export function judged(
  job: RehearsedJob,
  interruptions: number,
  changes: Partial<Omit<JobVerdict, "totals">> & { readonly totals?: Partial<JobTotals> } = {},
): JobVerdict {
  const sum = (of: (attempt: JobAttempt) => number): number =>
    job.attempts.reduce((total, attempt) => total + of(attempt), 0);
  const machineMs = job.machines.reduce((total, machine) => total + machine.toMs - machine.fromMs, 0);
  const restores = job.attempts.flatMap((attempt) => attempt.restoreMs ?? []);
  const totals: JobTotals = {
    finished: job.finishedMs !== undefined,
    interruptions,
    attempts: job.attempts.length,
    usefulMs: sum((attempt) => attempt.usefulMs),
    lostMs: sum((attempt) => attempt.lostMs),
    worstLostMs: Math.max(0, ...job.attempts.map((attempt) => attempt.lostMs)),
    lostProgress: sum((attempt) => attempt.lostProgress ?? 0),
    unit: "steps",
    goodput: machineMs === 0 ? 0 : sum((attempt) => attempt.usefulMs) / machineMs,
    saves: sum((attempt) => attempt.saves.length),
    longestSaveMs: job.supervised ? 310 : undefined,
    longestRestoreMs: restores.length === 0 ? undefined : Math.max(...restores),
    shortestLeadMs: interruptions === 0 ? undefined : 3_000,
    notices:
      interruptions === 0 ? [] : [{ interruption: 1, leadMs: 3_000, heardAfterMs: 70, leftBeforeEndMs: 640 }],
    outputsSame:
      job.outputs.length === 0 ? undefined : job.outputs.every((output) => output.result === "same"),
  };
  return {
    id: job.id,
    spotProof: true,
    summary: "It finished.",
    findings: [],
    ...changes,
    totals: { ...totals, ...changes.totals },
  };
}
