import { type Clock, formatDuration, type MonotonicMs, SpotproofError } from "../../base/index.ts";
import type {
  Plan,
  PlanMoment,
  PlannedInterruption,
  PlannedMetadataFault,
  PlannedNotice,
} from "../scenario/plan.ts";
import type { MockFault } from "./faults.ts";
import type { MachineMetadata } from "./machine-metadata.ts";

/** A fault of a plan, as a mock is told of it, with its times divided by the speed. */
export function plannedFault(fault: PlannedMetadataFault, speed: number): MockFault {
  const { kind, status, ms, on, fromMs, forMs } = fault;
  const real = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : time / speed;
  return { kind, status, ms: real(ms), on, beginsAfterMs: real(fromMs), lastsMs: real(forMs) };
}

/** How a plan is played. */
export interface PlayOptions {
  /** Every time of the plan is divided by it. */
  readonly speed: number;
  /** Of which the plan's shares are shares, in ms of the scenario. */
  readonly lengthMs: number;
  /** Told what the metadata service does not tell itself: machines that come and go, faults, and what is not played. */
  readonly onEvent: (what: string) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Plays a plan on one metadata service, which becomes one machine after another. There is no job: what a plan dates by the job's
 * progress happens when a machine has been there for that share of the length. Resolves after the last interruption, at the plan's
 * limits, or when the signal aborts; the service goes on.
 * @throws SpotproofError `bad-usage` for a speed or length that is none
 */
export async function playPlan(
  plan: Plan,
  metadata: MachineMetadata,
  clock: Clock,
  options: PlayOptions,
): Promise<void> {
  const { speed, lengthMs } = options;
  if (!(Number.isFinite(speed) && speed > 0))
    throw new SpotproofError("bad-usage", `speed: ${speed} is not above 0.`);
  if (!(Number.isFinite(lengthMs) && lengthMs > 0)) {
    throw new SpotproofError("bad-usage", `length: ${lengthMs} ms is not above 0.`);
  }
  const limit = new AbortController();
  const timer = clock.after(plan.limits.timeMs / speed, () => limit.abort());
  try {
    const signal = AbortSignal.any([options.signal, limit.signal]);
    await new Play(plan, metadata, clock, { ...options, signal }).run();
    if (limit.signal.aborted) {
      options.onEvent(`the scenario gives up after ${formatDuration(plan.limits.timeMs / speed)}`);
    }
  } finally {
    timer.cancel();
  }
}

class Play {
  readonly #plan: Plan;
  readonly #metadata: MachineMetadata;
  readonly #clock: Clock;
  readonly #options: PlayOptions;
  readonly #beganMs: MonotonicMs;
  #machines = 0;
  /** Since when the present machine works; undefined while none does. */
  #worksSinceMs: MonotonicMs | undefined;
  /** How long machines before worked, in ms of real time. */
  #workedBeforeMs = 0;
  #hasGivenUp = false;

  constructor(plan: Plan, metadata: MachineMetadata, clock: Clock, options: PlayOptions) {
    this.#plan = plan;
    this.#metadata = metadata;
    this.#clock = clock;
    this.#options = options;
    this.#beganMs = clock.now();
  }

  async run(): Promise<void> {
    const { interruptions, storeFaults } = this.#plan;
    if (storeFaults.length > 0) this.#say("not played: trouble with the store, there is no store here");
    if (interruptions.some(({ duringWrite }) => duringWrite)) {
      this.#say("not played: waiting until a file is being written, there is no job here");
    }
    this.#comeUp();
    for (const item of interruptions) {
      if (this.#isOver) return;
      await this.#interrupt(item);
    }
    if (!this.#isOver) this.#say(`the scenario is over, machine ${this.#machines} stays`);
  }

  get #isOver(): boolean {
    return this.#hasGivenUp || this.#options.signal.aborted;
  }

  async #interrupt(item: PlannedInterruption): Promise<void> {
    await this.#waitFor(item.at);
    if (this.#isOver) return;
    this.#disturb(item.faults);
    if (item.clockJumpMs !== undefined) {
      this.#metadata.jumpClock(item.clockJumpMs);
      this.#say(`the service's clock jumps by ${formatDuration(item.clockJumpMs)}`);
    }
    if (item.rebalanceBeforeMs !== undefined) {
      this.#metadata.rebalance();
      await this.#wait(item.rebalanceBeforeMs);
    }
    if (this.#isOver) return;
    const isTakenBack = item.notice !== undefined && (await this.#giveNotice(item.notice));
    if (!isTakenBack && !this.#isOver) await this.#end(item);
  }

  /** Says whether it was taken back. */
  async #giveNotice({ action, leadMs, via, cancelledAfterMs }: PlannedNotice): Promise<boolean> {
    if (via === "signal") {
      this.#say(`not played: ${action} is announced by SIGTERM alone, to a job that is not here`);
    } else {
      this.#metadata.announce({ action, leadMs: leadMs / this.#options.speed });
    }
    if (cancelledAfterMs === undefined) {
      await this.#wait(leadMs);
      return false;
    }
    await this.#wait(cancelledAfterMs);
    if (!this.#isOver) this.#metadata.cancel();
    return true;
  }

  async #end({ end, capacityDelayMs, flaps }: PlannedInterruption): Promise<void> {
    switch (end.kind) {
      case "none":
        this.#say(`nothing ends: machine ${this.#machines} stays`);
        return;
      case "hibernation":
        this.#goDown(`stands still for ${this.#real(end.pausedMs)}`);
        await this.#wait(end.pausedMs);
        if (this.#isOver) return;
        this.#metadata.cancel();
        this.#worksSinceMs = this.#clock.now();
        this.#say(`machine ${this.#machines} goes on`);
        return;
      case "machine":
      case "zone":
        return this.#replace("is gone", capacityDelayMs, flaps);
      case "zombie":
        return this.#replace(
          `stands still (not played: how it wakes up again after ${this.#real(end.pausedMs)})`,
          capacityDelayMs,
          flaps,
        );
      default:
        return end satisfies never;
    }
  }

  /** Successors come after the delay; all but the last live only shortly. */
  async #replace(what: string, capacityDelayMs: number, flaps: readonly number[]): Promise<void> {
    for (const [index, lifeMs] of [undefined, ...flaps].entries()) {
      if (lifeMs !== undefined) await this.#wait(lifeMs);
      if (this.#isOver) return;
      this.#goDown(
        `${index === 0 ? what : "is gone without notice"}, its successor comes in ${this.#real(capacityDelayMs)}`,
      );
      await this.#wait(capacityDelayMs);
      if (this.#isOver) return;
      this.#comeUp();
    }
  }

  #comeUp(): void {
    const { scenario, zones, limits, metadata } = this.#plan;
    if (this.#machines >= limits.machines) {
      this.#hasGivenUp = true;
      this.#say(`the scenario gives up after ${limits.machines} machines`);
      return;
    }
    const zone = zones[this.#machines % zones.length] ?? "a";
    this.#machines += 1;
    this.#worksSinceMs = this.#clock.now();
    this.#metadata.become({ name: `${scenario}-${this.#machines}`, zone });
    this.#say(`machine ${this.#machines} is there, in zone ${zone}`);
    this.#disturb(metadata.faults);
  }

  #goDown(what: string): void {
    this.#workedBeforeMs = this.#workedMs();
    this.#worksSinceMs = undefined;
    this.#say(`machine ${this.#machines} ${what}`);
  }

  #disturb(faults: readonly PlannedMetadataFault[]): void {
    for (const fault of faults) {
      const { kind, status, on, fromMs, forMs } = fault;
      this.#metadata.fault(plannedFault(fault, this.#options.speed));
      const from = fromMs === 0 ? "" : `, from ${this.#real(fromMs)} on`;
      const until = forMs === undefined ? "" : `, for ${this.#real(forMs)}`;
      const what = [kind, status, on === undefined ? undefined : `on ${on}`].filter(
        (word) => word !== undefined,
      );
      this.#say(`fault ${what.join(" ")}${from}${until}`);
    }
  }

  async #waitFor(moment: PlanMoment): Promise<void> {
    const { speed, lengthMs } = this.#options;
    const leftMs =
      moment.kind === "elapsed"
        ? moment.ms / speed - (this.#clock.now() - this.#beganMs)
        : (moment.kind === "share" ? moment.share * lengthMs : moment.ms) / speed - this.#workedMs();
    if (leftMs > 0) await this.#clock.sleep(leftMs, this.#options.signal);
  }

  /** How long there was a machine so far, in ms of real time. */
  #workedMs(): number {
    const presentMs = this.#worksSinceMs === undefined ? 0 : this.#clock.now() - this.#worksSinceMs;
    return this.#workedBeforeMs + presentMs;
  }

  #wait(ms: number): Promise<void> {
    return this.#clock.sleep(ms / this.#options.speed, this.#options.signal);
  }

  #real(ms: number): string {
    return formatDuration(ms / this.#options.speed);
  }

  #say(what: string): void {
    this.#options.onEvent(what);
  }
}
