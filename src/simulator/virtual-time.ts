import { setImmediate } from "node:timers/promises";
import {
  type Clock,
  type MonotonicMs,
  type Random,
  type Timer,
  randomBelow,
  sleepOn,
} from "../base/index.ts";

/** Something that will happen at a moment of virtual time. */
interface PlannedEvent {
  readonly atMs: number;
  /** Decides between events of the same moment; drawn at random, so that every order is met. */
  readonly tie: number;
  readonly action: () => void;
}

/**
 * Time that passes only when `run` says so. Between two events everything that promises can do is done. The same random
 * source and the same program give the same run.
 */
export class VirtualTime {
  readonly #random: Random;
  readonly #planned: PlannedEvent[] = [];
  #nowMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds since this world began; no machine knows it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Plans an event of the world, which no pause or crash of a machine holds up. */
  plan(delayMs: number, action: () => void): Timer {
    const event: PlannedEvent = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      tie: this.#random.next(),
      action,
    };
    insert(this.#planned, event);
    return {
      cancel: () => {
        const index = this.#planned.indexOf(event);
        if (index >= 0) this.#planned.splice(index, 1);
      },
    };
  }

  /** A machine with clocks of its own. */
  machine(name: string): VirtualMachine {
    return new VirtualMachine(this, name, randomBelow(this.#random, 1_000_000));
  }

  /** Lets time pass until `done` says so, until nothing is planned any more, or until the moment given. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    await setImmediate();
    while (!done()) {
      const next = this.#planned.at(-1);
      if (next === undefined || next.atMs > untilMs) return;
      this.#planned.pop();
      this.#nowMs = next.atMs;
      next.action();
      // All microtasks run before this comes back.
      await setImmediate();
    }
  }
}

/** Keeps the list descending, so that the next event is its last. */
function insert(planned: PlannedEvent[], event: PlannedEvent): void {
  let low = 0;
  let high = planned.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = planned[middle];
    if (other !== undefined && isLater(other, event)) low = middle + 1;
    else high = middle;
  }
  planned.splice(low, 0, event);
}

const isLater = (a: PlannedEvent, b: PlannedEvent): boolean =>
  a.atMs === b.atMs ? a.tie > b.tie : a.atMs > b.atMs;

/** One machine of a virtual world: its clocks, its pauses, its end. */
export class VirtualMachine implements Clock {
  readonly name: string;
  readonly #time: VirtualTime;
  readonly #bootedAtMs: number;
  #wallOffsetMs = 0;
  #pausedUntilMs = 0;
  #crashed = false;

  constructor(time: VirtualTime, name: string, upForMs: number) {
    this.#time = time;
    this.name = name;
    this.#bootedAtMs = time.nowMs - upForMs;
  }

  get isCrashed(): boolean {
    return this.#crashed;
  }

  now(): MonotonicMs {
    return this.#time.nowMs - this.#bootedAtMs;
  }

  wallTime(): number {
    return 1_800_000_000_000 + this.#time.nowMs + this.#wallOffsetMs;
  }

  after(delayMs: number, action: () => void): Timer {
    let planned = this.#time.plan(delayMs, () => {
      planned = this.deliver(action);
    });
    return { cancel: () => planned.cancel() };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Runs an action on this machine: now, or when its pause is over, or never when it has crashed. */
  deliver(action: () => void): Timer {
    if (this.#crashed) return { cancel: () => undefined };
    const waitMs = this.#pausedUntilMs - this.#time.nowMs;
    if (waitMs <= 0) {
      action();
      return { cancel: () => undefined };
    }
    let planned = this.#time.plan(waitMs, () => {
      planned = this.deliver(action);
    });
    return { cancel: () => planned.cancel() };
  }

  /** Nothing runs here for so long, while all clocks go on: SIGSTOP, a live migration, a frozen container. */
  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#time.nowMs + forMs);
  }

  /** Nothing runs here any more. What was on its way to others may still arrive. */
  crash(): void {
    this.#crashed = true;
  }

  /** Somebody sets the wall clock, or it is synchronised. */
  shiftWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}
