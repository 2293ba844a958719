import type { Machine, MachineRemains, ProgramEnd } from "../fleet/index.ts";
import { type MachineMetadata, plannedFault } from "../metadata-mock/index.ts";
import type { PlannedMetadataFault, PlannedNotice } from "../scenario/plan.ts";
import type { Pause } from "./attempt-draft.ts";
import { deferred } from "./deferred.ts";
import type { MachineLife } from "./record.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";

/** A program that runs on a machine of a lane. */
export interface LaneProgram {
  readonly ended: Promise<ProgramEnd>;
  signal(name: NodeJS.Signals): void;
}

/** What a machine of a lane is made from. */
export interface LaneMachineParts {
  readonly number: number;
  readonly zone: string;
  readonly machine: Machine;
  readonly metadata: MachineMetadata;
  readonly time: RehearsalTime;
  readonly speed: number;
}

/** One machine of a lane with its metadata service: what can be done to it, and what became of it. */
export class LaneMachine {
  readonly number: number;
  readonly zone: string;
  readonly machine: Machine;
  readonly metadata: MachineMetadata;
  readonly fromMs: number;
  /** The program that runs on it now. */
  program: LaneProgram | undefined;
  /** Its end is announced, or it stands still: whoever leaves it now is not started again here. */
  isLeaving = false;
  /** The job is completed, and what it made is being looked at: the machine stays until it is released. */
  isDone = false;
  /** From its end to the start of its successor, in ms of real time. */
  capacityDelayMs = 0;
  /** What lay on its disks when it ended. */
  remains: MachineRemains | undefined;
  readonly #time: RehearsalTime;
  readonly #speed: number;
  readonly #pauses: Pause[] = [];
  readonly #gone = deferred();
  readonly #superseded = deferred();
  #calledOff = deferred();
  #pausedFromMs: number | undefined;
  #endsAtMs: number | undefined;
  #endKind: MachineLife["end"] = "released";
  #ending: Promise<void> | undefined;
  #toMs: number | undefined;

  constructor({ number, zone, machine, metadata, time, speed }: LaneMachineParts) {
    this.number = number;
    this.zone = zone;
    this.machine = machine;
    this.metadata = metadata;
    this.#time = time;
    this.#speed = speed;
    this.fromMs = time.now();
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Its end has begun. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  get isPaused(): boolean {
    return this.#pausedFromMs !== undefined;
  }

  /** How long it has left since its end was announced, in ms; undefined when nothing is announced. */
  get announcedLeftMs(): number | undefined {
    return this.#endsAtMs === undefined ? undefined : Math.max(0, this.#endsAtMs - this.#time.now());
  }

  /** Resolves when somebody else takes its place although it is still there. */
  get superseded(): Promise<void> {
    return this.#superseded.promise;
  }

  /** Resolves when the interruption that was announced is taken back. */
  get calledOff(): Promise<void> {
    return this.#calledOff.promise;
  }

  /** Announces its end. `leadMs` of the notice is divided by the speed. */
  announce({ action, leadMs, via }: PlannedNotice): void {
    if (this.isEnding) return;
    this.isLeaving = true;
    this.#calledOff = deferred();
    this.#endsAtMs = this.#time.now() + leadMs / this.#speed;
    if (via !== "signal") this.metadata.announce({ action, leadMs: leadMs / this.#speed });
    if (via !== "metadata") this.program?.signal("SIGTERM");
  }

  /** Takes the announcement back. */
  callOff(): void {
    if (this.isEnding) return;
    this.metadata.cancel();
    this.isLeaving = false;
    this.#endsAtMs = undefined;
    this.#calledOff.resolve();
  }

  /** Sets faults of its metadata service, with their times divided by the speed. */
  disturb(faults: readonly PlannedMetadataFault[]): void {
    if (this.isEnding) return;
    for (const fault of faults) this.metadata.fault(plannedFault(fault, this.#speed));
  }

  /** Everything on it stands still. */
  async pause(): Promise<void> {
    if (this.isEnding || this.isPaused || this.isDone) return;
    this.isLeaving = true;
    this.#pausedFromMs = this.#time.now();
    await this.machine.pause();
  }

  /** Everything on it goes on. */
  async wake(): Promise<void> {
    if (this.#pausedFromMs === undefined || this.isEnding) return;
    await this.machine.wake();
    this.#notePause();
  }

  /** Another machine takes its place, though it may wake up again. */
  supersede(): void {
    this.#superseded.resolve();
  }

  /** Ends it: everything on it is killed, its disks are wiped. The first call says how it ended; later ones wait for it. */
  end(kind: MachineLife["end"]): Promise<void> {
    if (this.isDone && kind !== "released") return this.gone;
    this.#ending ??= this.#end(kind);
    return this.#ending;
  }

  async #end(kind: MachineLife["end"]): Promise<void> {
    this.isLeaving = true;
    this.#endKind = kind;
    this.#toMs = this.#time.now();
    this.#notePause();
    try {
      this.remains = await this.machine.end();
    } finally {
      await this.metadata.close().finally(() => this.#gone.resolve());
    }
  }

  #notePause(): void {
    if (this.#pausedFromMs === undefined) return;
    this.#pauses.push({ fromMs: this.#pausedFromMs, toMs: this.#time.now() });
    this.#pausedFromMs = undefined;
  }

  /** The times at which it stood still, up to now. */
  pauses(): readonly Pause[] {
    return this.#pausedFromMs === undefined
      ? this.#pauses
      : [...this.#pauses, { fromMs: this.#pausedFromMs, toMs: this.#time.now() }];
  }

  /** What became of it. */
  life(): MachineLife {
    return {
      number: this.number,
      zone: this.zone,
      fromMs: this.fromMs,
      toMs: this.#toMs ?? this.#time.now(),
      end: this.#endKind,
      pauses: this.#pauses,
      aliveAtEnd: this.remains?.aliveAtEnd ?? [],
    };
  }
}
