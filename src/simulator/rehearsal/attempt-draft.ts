import type { KillReason } from "../../supervisor/index.ts";
import type { LogLine } from "./log-tail.ts";
import type { JobAttemptEnd, JobProgressPoint, SaveHappening } from "./record.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";

const KILLED_AT_ONCE: KillReason = "killed at once";
const LEFT_BEHIND: KillReason = "left behind by the command";

/** A time at which a machine stood still. */
export interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A file that was open for writing when a checkpoint was made, and not only to be added to. */
export interface CaughtFile {
  readonly path: string;
  readonly checkpoint: string;
  readonly atMs: number;
  readonly bytes: number;
  readonly wholeBytes: number | undefined;
}

/** How the outcome of an attempt was recorded. */
export interface RecordedOutcome {
  readonly kind: string;
  readonly reason: string;
  readonly exitStatus: number | undefined;
  readonly exitSignal: string | undefined;
}

/** What is known so far of one attempt of a job; grows while it runs. All moments in ms of the rehearsal. */
export class AttemptDraft {
  readonly number: number;
  /** The number of its machine. */
  readonly machine: number;
  readonly fromMs: number;
  workFromMs: number | undefined;
  /** The command worked no longer. */
  workToMs: number | undefined;
  toMs: number | undefined;
  end: JobAttemptEnd | undefined;
  resumedFrom: string | undefined;
  restoreMs: number | undefined;
  /** Without supervision: when something that outlives machines was changed last before it began. */
  keptUntilMs: number | undefined;
  heardMs: number | undefined;
  /** The newest checkpoint that could not be used, with the reason. */
  readonly skippedCheckpoints: string[] = [];
  readonly saves: SaveHappening[] = [];
  readonly progress: JobProgressPoint[] = [];
  /** Processes that did not end when they were asked to, or were left behind. */
  readonly killed: string[] = [];
  /** Those of them that the command had left behind. */
  readonly leftRunning: string[] = [];
  /** Those that were certainly caught in the middle of a change. */
  readonly caught: CaughtFile[] = [];
  /** All of them: one from which nobody can go on was half-written, too. */
  readonly open: CaughtFile[] = [];
  /** How often the command was started again after it had failed by itself. */
  restarts = 0;
  outcome: RecordedOutcome | undefined;
  readonly #writtenInPlace = new Set<string>();
  readonly #pauses: () => readonly Pause[];

  /** `pauses`: the times at which its machine stood still, as they are known when asked. */
  constructor(number: number, machine: number, fromMs: number, pauses: () => readonly Pause[]) {
    this.number = number;
    this.machine = machine;
    this.fromMs = fromMs;
    this.#pauses = pauses;
  }

  /** How long it ran between two moments: the times at which its machine stood still are not counted. */
  ranMs(fromMs: number, toMs: number): number {
    const stoodMs = this.#pauses().reduce(
      (sum, pause) => sum + Math.max(0, Math.min(pause.toMs, toMs) - Math.max(pause.fromMs, fromMs)),
      0,
    );
    return Math.max(0, toMs - fromMs - stoodMs);
  }

  /** It works at this moment, as far as is known. */
  get isWorking(): boolean {
    return this.workFromMs !== undefined && this.workToMs === undefined && this.toMs === undefined;
  }

  /** Takes one line of the log of its `spotproof run`. */
  hear(line: LogLine, time: RehearsalTime): void {
    const atMs = momentOf(line, time);
    switch (line["event"]) {
      case "restored":
        // Later ones are of the same attempt, after a failure.
        if (this.workFromMs === undefined) {
          this.resumedFrom = String(line["from"]);
          this.restoreMs = numberOf(line["durationMs"]);
        }
        return;
      case "checkpoint-skipped":
        this.skippedCheckpoints.push(`${String(line["id"])}: ${String(line["reason"])}`);
        return;
      case "command-started":
        if (this.workFromMs === undefined) this.workFromMs = atMs;
        else this.restarts += 1;
        this.workToMs = undefined;
        return;
      case "command-ended":
        this.workToMs = atMs;
        return;
      case "interruption-heard":
        this.heardMs ??= atMs;
        return;
      case "interruption-cleared":
        this.heardMs = undefined;
        return;
      case "progress":
        this.progress.push(progressPoint(line, atMs));
        return;
      case "saved":
        this.#saved(line, atMs);
        return;
      case "half-written":
        this.#writtenInPlace.add(String(line["path"]));
        this.caught.push(caughtFile(String(line["checkpoint"]), line, atMs));
        return;
      case "killed":
        this.#killed(stringsOf(line["processes"]), String(line["why"]));
        return;
      case "attempt-ended":
        this.outcome = outcomeOf(line["outcome"]);
        return;
      default:
        return;
    }
  }

  #killed(processes: readonly string[], why: string): void {
    // An attempt that was replaced, or a user in a hurry: nobody was asked.
    if (why === KILLED_AT_ONCE) return;
    this.killed.push(...processes);
    if (why === LEFT_BEHIND) this.leftRunning.push(...processes);
  }

  #saved(line: LogLine, atMs: number): void {
    const checkpoint = objectOf(line["checkpoint"]);
    const id = String(checkpoint["id"]);
    this.saves.push({
      id,
      atMs,
      reason: String(line["reason"]),
      durationMs: numberOf(checkpoint["durationMs"]) ?? 0,
      storedBytes: numberOf(checkpoint["storedBytes"]) ?? 0,
    });
    for (const value of arrayOf(line["openForWriting"])) {
      const file = objectOf(value);
      if (file["append"] === true) continue;
      const open = caughtFile(id, file, atMs);
      this.open.push(open);
      // Told once for each path; afterwards it is known, whenever it is open again.
      if (this.#writtenInPlace.has(open.path)) this.caught.push(open);
    }
  }
}

function caughtFile(checkpoint: string, file: LogLine, atMs: number): CaughtFile {
  return {
    path: String(file["path"]),
    checkpoint,
    atMs,
    bytes: numberOf(file["bytes"]) ?? 0,
    wholeBytes: numberOf(file["wholeBytes"]),
  };
}

/** The moment of a line of the log. */
export function momentOf(line: LogLine, time: RehearsalTime): number {
  const wallMs = Date.parse(String(line["time"]));
  return Number.isNaN(wallMs) ? time.now() : time.ofWallTime(wallMs);
}

function progressPoint(line: LogLine, atMs: number): JobProgressPoint {
  const total = numberOf(line["total"]);
  const unit = typeof line["unit"] === "string" ? line["unit"] : undefined;
  return {
    atMs,
    done: numberOf(line["done"]) ?? 0,
    ...(total === undefined ? {} : { total }),
    ...(unit === undefined ? {} : { unit }),
  };
}

function outcomeOf(value: unknown): RecordedOutcome {
  const outcome = objectOf(value);
  return {
    kind: String(outcome["kind"]),
    reason: String(outcome["reason"]),
    exitStatus: numberOf(outcome["exitStatus"]),
    exitSignal: typeof outcome["exitSignal"] === "string" ? outcome["exitSignal"] : undefined,
  };
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const stringsOf = (value: unknown): readonly string[] => arrayOf(value).map(String);
const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
