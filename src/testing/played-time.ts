import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import { type Clock, type Random, type Timer, sleepOn } from "../base/index.ts";
import { type VirtualMachine, VirtualTime } from "../simulator/virtual-time.ts";

/** How often lives show that they live, in ms. The fraction tells the sleep between two beats from every other. */
export const HEARTBEAT_MS = 10_000.5;

/** A job that lets the event loop turn is not waiting for time to pass. */
const QUIET_TURNS = 2;

/** Code of the user's that is under way, such as the work function, or the work on one item. */
interface Activity {
  /** Calls of the job that it waits for. */
  waitingFor: number;
}

/**
 * Time that passes when everybody waits for it: somebody sleeps, and all code of the user's that is under way waits for a call of
 * the job. What that code waits for otherwise (a file, a socket, `setTimeout`) is real, and takes no virtual time. Heartbeats and limits
 * do not make time pass: they fire when it does.
 */
export class PlayedTime {
  readonly #time: VirtualTime;
  readonly #activities = new Set<Activity>();
  readonly #current = new AsyncLocalStorage<Activity>();
  #sleepers = 0;
  #isPassing = false;

  constructor(random: Random) {
    this.#time = new VirtualTime(random);
  }

  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** The clock of a machine that begins now. */
  machineClock(name: string): MachineClock {
    return new MachineClock(this, this.#time.machine(name));
  }

  /** Resolves when so much time has passed; the user's code that asks for it waits. */
  async pass(forMs: number): Promise<void> {
    await this.wait(() =>
      this.sleeping(() => new Promise((resolve) => void this.#time.plan(forMs, resolve))),
    );
  }

  /** Runs code of the user's. */
  async act<Result>(code: () => Promise<Result> | Result): Promise<Result> {
    const activity: Activity = { waitingFor: 0 };
    this.#activities.add(activity);
    try {
      return await this.#current.run(activity, code);
    } finally {
      this.#activities.delete(activity);
      this.#look();
    }
  }

  /** A call of the job by code of the user's, which waits for it. */
  async wait<Result>(call: () => Promise<Result>): Promise<Result> {
    const activity = this.#current.getStore();
    if (activity === undefined) return call();
    activity.waitingFor += 1;
    this.#look();
    try {
      return await call();
    } finally {
      activity.waitingFor -= 1;
    }
  }

  /** Somebody sleeps for as long as the promise lasts. */
  async sleeping(sleep: () => Promise<void>): Promise<void> {
    this.#sleepers += 1;
    this.#look();
    try {
      await sleep();
    } finally {
      this.#sleepers -= 1;
    }
  }

  #look(): void {
    if (this.#isPassing || !this.#mayPass()) return;
    this.#isPassing = true;
    // Outside of the activity that happens to ask: what fires belongs to those who have set it.
    void this.#current.exit(() => this.#passWhileWaitedFor());
  }

  async #passWhileWaitedFor(): Promise<void> {
    while (await this.#isQuiet()) {
      let events = 0;
      await this.#time.run(Number.POSITIVE_INFINITY, () => {
        events += 1;
        return events > 1;
      });
      // Nothing is planned: whoever sleeps has been woken by something else.
      if (events < 2) break;
    }
    this.#isPassing = false;
  }

  /** Whether everybody still waits after everything was done that a turn or two of the event loop lets be done. */
  async #isQuiet(): Promise<boolean> {
    for (let turn = 0; turn < QUIET_TURNS; turn += 1) {
      if (!this.#mayPass()) return false;
      await setImmediate();
    }
    return this.#mayPass();
  }

  #mayPass(): boolean {
    return this.#sleepers > 0 && [...this.#activities].every(({ waitingFor }) => waitingFor > 0);
  }
}

/** The clock of one machine. */
export class MachineClock implements Clock {
  readonly #time: PlayedTime;
  readonly #machine: VirtualMachine;

  constructor(time: PlayedTime, machine: VirtualMachine) {
    this.#time = time;
    this.#machine = machine;
  }

  now(): number {
    return this.#machine.now();
  }

  wallTime(): number {
    return this.#machine.wallTime();
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#machine.after(delayMs, action);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    const sleep = (): Promise<void> => sleepOn(this.#machine, delayMs, signal);
    return delayMs === HEARTBEAT_MS ? sleep() : this.#time.sleeping(sleep);
  }

  /** Nothing runs here for so long. */
  pause(forMs: number): void {
    this.#machine.pause(forMs);
  }
}
