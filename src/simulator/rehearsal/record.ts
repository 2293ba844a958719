import type { Plan } from "../scenario/plan.ts";

// What happened in a rehearsal: facts only, no judgement. `--json` prints it with the verdict; reports are drawn from it.
// All moments are ms of real time since the rehearsal began.

/** The version of the record. */
export const REHEARSAL_FORMAT = 1;

/** Everything that happened. */
export interface RehearsalRecord {
  readonly format: number;
  readonly writtenBy: string;
  /** ISO 8601, by the wall clock. */
  readonly startedAt: string;
  readonly tookMs: number;
  /** The command line that repeats it. */
  readonly repeat?: string | undefined;
  readonly plan: Plan;
  /** By how much deadlines and intervals were shortened. */
  readonly speed: number;
  /** `progress`: interruptions came at shares of what the job reported; `time`: at shares of its working time. */
  readonly pacedBy: "progress" | "time";
  readonly computer: Computer;
  /** What a reader must know: what was simulated, and what this computer could not do. */
  readonly notes: readonly string[];
  readonly interruptions: readonly InterruptionHappening[];
  readonly storeFaults: readonly StoreFaultHappening[];
  /** The job, and the one that it is compared with if there is one. */
  readonly jobs: readonly RehearsedJob[];
}

/** Where it happened. */
export interface Computer {
  readonly platform: string;
  readonly cores: number;
  readonly node: string;
  /** `namespaces`: every machine has its own /tmp, working folder and processes; `folders`: it has `TMPDIR` and a copy. */
  readonly isolation: "namespaces" | "folders";
}

/** One interruption of the plan, as it came. Moments are absent when the thing did not happen. */
export interface InterruptionHappening {
  readonly number: number;
  /** For people: `at 25 % of the job's progress`. */
  readonly trigger: string;
  readonly rebalanceMs?: number | undefined;
  /** The announcement was made. */
  readonly noticeMs?: number | undefined;
  readonly action?: string | undefined;
  /** From the announcement to the end, in ms of real time. */
  readonly leadMs?: number | undefined;
  readonly cancelledMs?: number | undefined;
  /** The machines were taken away. */
  readonly endMs?: number | undefined;
  readonly pausedMs?: number | undefined;
  readonly wokeMs?: number | undefined;
  /** What it was, in few words: `notice 120 s`, `no notice`, `zombie`, `notice taken back`. */
  readonly what: string;
  /** Never came, because the job was done before, or the rehearsal ended. */
  readonly skipped?: boolean | undefined;
}

/** A time in which the store misbehaved. */
export interface StoreFaultHappening {
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One job, over all its machines. */
export interface RehearsedJob {
  readonly id: "job" | "compare";
  /** For people, such as `with Spotproof` or `as written`. */
  readonly title: string;
  readonly command: string;
  /** It ran under `spotproof run`. */
  readonly supervised: boolean;
  /** How it was alone, uninterrupted; absent when that was not tried. */
  readonly alone?: AloneRun | undefined;
  readonly machines: readonly MachineLife[];
  readonly attempts: readonly JobAttempt[];
  /** The moment of its successful end; absent when it never got there. */
  readonly finishedMs?: number | undefined;
  /** Why it never got there. */
  readonly gaveUp?: string | undefined;
  /** Declared outputs, compared with those of the run alone. */
  readonly outputs: readonly OutputComparison[];
  /** What lay on a disk that went away with its machine, and that nobody had saved. */
  readonly leftBehind: readonly LeftBehindFile[];
  /** Files of the checkpoint folder that were being written when they were saved, or when the machine ended. */
  readonly halfWritten: readonly HalfWrittenFile[];
  /** Last lines of the job's output, for the explanation of failures. */
  readonly lastWords: readonly string[];
}

/** The job alone on a machine that nobody takes away. */
export interface AloneRun {
  readonly tookMs: number;
  readonly status: number | null;
  readonly signal: string | null;
  /** The last progress that it reported. */
  readonly progress?: JobProgressPoint | undefined;
}

/** One machine of the fleet, from its start to its end. */
export interface MachineLife {
  /** 1, 2, 3 … within the job. */
  readonly number: number;
  readonly zone: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** `interrupted`: taken away after an announcement; `lost`: without; `released`: not needed any more. */
  readonly end: "interrupted" | "lost" | "released";
  /** Times at which it stood still. */
  readonly pauses: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Processes that were alive when the machine ended and had to be killed with it. */
  readonly aliveAtEnd: readonly string[];
}

/** One start of the command on a machine. Under Spotproof it is an attempt of the job. */
export interface JobAttempt {
  /** The attempt's number under Spotproof; otherwise 1, 2, 3 … */
  readonly number: number;
  /** The machine's number. */
  readonly machine: number;
  /** It was started then; under Spotproof: it claimed the job. */
  readonly fromMs: number;
  /** The command itself began to work, after what was restored. */
  readonly workFromMs?: number | undefined;
  readonly toMs: number;
  readonly end: JobAttemptEnd;
  /** The checkpoint that it went on from; absent when it began from nothing. */
  readonly resumedFrom?: string | undefined;
  readonly restoreMs?: number | undefined;
  readonly saves: readonly SaveHappening[];
  readonly progress: readonly JobProgressPoint[];
  /** When it heard of the interruption that ended it. */
  readonly heardMs?: number | undefined;
  /** The time of its work that its successor (or the result) builds on. */
  readonly usefulMs: number;
  /** The time of its work that was in nothing that outlived it. */
  readonly lostMs: number;
  /** The same in the unit of its progress, when it reports any. */
  readonly lostProgress?: number | undefined;
  /** Processes that did not end when asked and were killed. */
  readonly killed: readonly string[];
  /** Those of them that the command had left behind when it ended. */
  readonly leftRunning?: readonly string[] | undefined;
  /** Checkpoints that could not be used, with the reason. */
  readonly skippedCheckpoints?: readonly string[] | undefined;
  /** How often the command failed by itself and was started again within the attempt. */
  readonly restarts?: number | undefined;
}

/** How a start of the command ended. */
export interface JobAttemptEnd {
  /** `died`: with its machine. `fenced-out`: a later attempt had the job. `unfinished`: the rehearsal ended. */
  readonly kind: "completed" | "interrupted" | "failed" | "died" | "fenced-out" | "unfinished";
  readonly status?: number | null | undefined;
  readonly signal?: string | null | undefined;
  /** For people: with the cause. */
  readonly reason: string;
}

/** A checkpoint that became durable. */
export interface SaveHappening {
  readonly id: string;
  readonly atMs: number;
  readonly reason: string;
  /** From its start to durable. */
  readonly durationMs: number;
  readonly storedBytes: number;
}

/** How far the job said it was. */
export interface JobProgressPoint {
  readonly atMs: number;
  readonly done: number;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
}

/** A declared output. */
export interface OutputComparison {
  readonly path: string;
  readonly result: "same" | "different" | "missing" | "missing-alone";
  /** It was found in something that outlives machines: a checkpoint, or a shared folder. */
  readonly durable: boolean;
  readonly detail?: string | undefined;
}

/** A file that went away with its machine. */
export interface LeftBehindFile {
  /** As the job sees it: `/tmp/result.csv`, `out/model.bin`. */
  readonly path: string;
  readonly where: "scratch" | "tmp";
  readonly bytes: number;
  readonly machine: number;
  /** The job had ended as completed when it was left; otherwise the machine was taken away before. */
  readonly afterCompletion: boolean;
  /** Seen in this computer's own /tmp while the machine ran: probably the job's, perhaps somebody else's. */
  readonly uncertain?: boolean | undefined;
}

/** A file that was caught in the middle of being written. */
export interface HalfWrittenFile {
  /** Relative to the checkpoint folder. */
  readonly path: string;
  /** The checkpoint that holds it so; absent when it was caught at the end of a machine. */
  readonly checkpoint?: string | undefined;
  readonly atMs: number;
  readonly bytes: number;
  /** How large it was when it was last seen whole. */
  readonly wholeBytes?: number | undefined;
  /** A later attempt was restored from that checkpoint. */
  readonly restored: boolean;
}
