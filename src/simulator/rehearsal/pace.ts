import type { PlanMoment } from "../scenario/plan.ts";
import type { CheckpointChanges } from "./checkpoint-changes.ts";
import type { Lane } from "./lane.ts";
import type { AloneRun } from "./record.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";
import type { AttemptDraft } from "./attempt-draft.ts";
import { basePosition, progressInCheckpoint, workedMs } from "./work-positions.ts";

/** How often a lane is looked at while somebody waits for a moment of its work, in ms. */
const LOOK_EVERY_MS = 10;

/** On each machine the job does at least this share of its work before the next interruption comes. */
const LEAST_SHARE = 0.03;

/** What is known of the whole work beforehand. */
export interface KnownLength {
  /** How long the job works when nobody interrupts it, in ms. */
  readonly workMs: number | undefined;
  /** The total of its progress. */
  readonly total: number | undefined;
}

/** What a run alone tells of the length of the work. */
export function lengthOf(alone: AloneRun | undefined, lengthMs: number | undefined): KnownLength {
  const { progress } = alone ?? {};
  return { workMs: lengthMs ?? alone?.tookMs, total: progress?.total ?? progress?.done };
}

/** Tells how far a job is, and waits for moments of its work. */
export class Pace {
  readonly #lane: Lane;
  readonly #changes: CheckpointChanges;
  readonly #length: KnownLength;
  readonly #time: RehearsalTime;
  readonly #speed: number;
  #byProgress: boolean;

  constructor(lane: Lane, changes: CheckpointChanges, length: KnownLength) {
    this.#lane = lane;
    this.#changes = changes;
    this.#length = length;
    this.#time = lane.parts.time;
    this.#speed = lane.parts.speed;
    this.#byProgress = length.total !== undefined;
  }

  /** `progress` once the job has told how far it is of how much. */
  get pacedBy(): "progress" | "time" {
    return this.#byProgress ? "progress" : "time";
  }

  /** How long the whole work takes, in ms, as far as is known. */
  get workMs(): number | undefined {
    return this.#length.workMs;
  }

  /** How long the job has worked for what it has now, in ms; undefined while it does not work. */
  position(): number | undefined {
    const attempt = this.#lane.working();
    if (attempt === undefined) return undefined;
    const { resumedFrom } = attempt;
    if (resumedFrom !== undefined && !this.#changes.isKnown(resumedFrom)) return undefined;
    const newest = (checkpoint: string): number | undefined => this.#changes.newest(checkpoint);
    return basePosition(attempt, this.#lane.attempts, newest) + workedMs(attempt, this.#time.now());
  }

  /** Which share of its work the job has done, 0 to 1; undefined while that cannot be told. */
  share(): number | undefined {
    const attempt = this.#lane.working();
    const reported = attempt?.progress.at(-1);
    const total = reported?.total ?? this.#length.total;
    if (reported !== undefined && total !== undefined) {
      this.#byProgress = true;
      return total === 0 ? 1 : reported.done / total;
    }
    const position = this.position();
    if (this.#byProgress || position === undefined || this.#length.workMs === undefined) return undefined;
    return position / Math.max(1, this.#length.workMs);
  }

  /** Of a job that reports progress rarely, the first report of an attempt is far from what it went on from. */
  #shareAtStart({ resumedFrom, progress }: AttemptDraft): number | undefined {
    const total = progress.at(-1)?.total ?? this.#length.total;
    if (!this.#byProgress || total === undefined || total === 0) return undefined;
    return resumedFrom === undefined ? 0 : progressInCheckpoint(resumedFrom, this.#lane.attempts) / total;
  }

  /** Waits until the moment has come. "over": the job or the rehearsal ended before. */
  async reach(moment: PlanMoment, signal: AbortSignal): Promise<"reached" | "over"> {
    let firstShare: number | undefined;
    let firstAttempt: number | undefined;
    const isReached = (): boolean => {
      switch (moment.kind) {
        case "elapsed":
          return this.#time.now() >= moment.ms / this.#speed;
        case "worked":
          return (this.position() ?? 0) >= moment.ms / this.#speed;
        case "share": {
          const share = this.share();
          const attempt = this.#lane.working();
          if (share === undefined || attempt === undefined) return false;
          if (attempt.number !== firstAttempt)
            [firstAttempt, firstShare] = [attempt.number, this.#shareAtStart(attempt) ?? share];
          return share >= Math.max(moment.share, (firstShare ?? 0) + LEAST_SHARE);
        }
        default:
          return moment satisfies never;
      }
    };
    while (!this.#lane.isOver && !signal.aborted) {
      if (isReached()) return "reached";
      await this.#time.clock.sleep(LOOK_EVERY_MS, signal);
    }
    return "over";
  }
}

/** For people: `at 25 % of the job's progress`. */
export function describeMoment(moment: PlanMoment, pacedBy: "progress" | "time"): string {
  switch (moment.kind) {
    case "share": {
      const share = `${Math.round(moment.share * 1000) / 10} %`;
      return pacedBy === "progress" ? `at ${share} of the job's progress` : `at ${share} of its working time`;
    }
    case "worked":
      return `after ${Math.round(moment.ms / 1000)} s of work`;
    case "elapsed":
      return `${Math.round(moment.ms / 1000)} s after the beginning`;
    default:
      return moment satisfies never;
  }
}
