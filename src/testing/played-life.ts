import { type Clock, type JobName, type Random, SpotproofError } from "../base/index.ts";
import { claimJob } from "../job/index.ts";
import type { NoticeSource, SourceReport } from "../notice/index.ts";
import type { JobEvent, JobSurroundings, JobWorld } from "../sdk/index.ts";
import { type Cut, type CutPlace, describeCut } from "./cuts.ts";
import type { PlayedStore } from "./played-store.ts";
import { HEARTBEAT_MS, type MachineClock, type PlayedTime } from "./played-time.ts";

/** What every call rejects with in a life that has crashed on purpose. In a real crash there is nobody who could see it. */
export class SimulatedCrash extends Error {
  override readonly name = "SimulatedCrash";

  constructor(where: string) {
    super(`This life of the job has ${where}, as the test wants it: from here on nothing of it is stored.`);
  }
}

/** What a life is played with. */
export interface PlayedLifeParts {
  readonly number: number;
  readonly job: JobName;
  readonly time: PlayedTime;
  readonly store: PlayedStore;
  readonly random: Random;
  readonly seed: NonNullable<JobWorld["seed"]>;
  readonly cut: Cut | undefined;
  readonly noticeMs: number;
  readonly leaseMs: number;
  readonly onEvent: (event: JobEvent) => void;
}

/** Stands for a process that nobody has. */
const PLAYED_PID = 4242;

/** One life of a job on a machine that is played: what it is told, what it has done, and how it is cut. */
export class PlayedLife {
  readonly clock: MachineClock;
  /** Steps that were handed out, by loop; items whose work has begun, by list. */
  readonly steps: Record<string, number[]> = {};
  readonly items: Record<string, number[]> = {};
  readonly #parts: PlayedLifeParts;
  readonly #interrupts = new Set<() => void>();
  readonly #crashListeners = new Set<(crash: SimulatedCrash) => void>();
  readonly #counts = { step: 0, item: 0, save: 0, write: 0 };
  #report: ((report: SourceReport) => void) | undefined;
  #crash: SimulatedCrash | undefined;
  #wasCut = false;

  constructor(parts: PlayedLifeParts) {
    this.#parts = parts;
    this.clock = parts.time.machineClock(`machine ${parts.number}`);
  }

  /** Undefined while this life has not crashed. */
  get crash(): SimulatedCrash | undefined {
    return this.#crash;
  }

  /** How often each kind of place was reached. */
  get counts(): Readonly<Record<"step" | "item" | "save" | "write", number>> {
    return this.#counts;
  }

  /** Everything that this life sees of the world. */
  world(): JobWorld {
    const { store, random, seed } = this.#parts;
    const user = {
      clock: this.clock,
      random,
      requireAlive: () => this.requireAlive(),
      onWrite: (side: "before" | "after", { isSave }: { readonly isSave: boolean }) =>
        this.#onWrite(side, isSave),
    };
    return {
      surroundings: this.#surroundings(),
      openStore: () => Promise.resolve(store.openedFor(user)),
      sources: () => [this.#source()],
      seed,
    };
  }

  /** @throws SimulatedCrash */
  requireAlive(): void {
    if (this.#crash !== undefined) throw this.#crash;
  }

  /** A call of the job: it rejects when the life crashes, whatever it is waiting for. */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    this.requireAlive();
    let reject: (crash: SimulatedCrash) => void = () => undefined;
    const crashed = new Promise<never>((_, no) => {
      reject = no;
    });
    this.#crashListeners.add(reject);
    try {
      return await this.#parts.time.wait(() => Promise.race([work(), crashed]));
    } finally {
      this.#crashListeners.delete(reject);
    }
  }

  /** A step is handed out, or the work on an item begins. The cut that is due there happens. */
  async reached(at: "step" | "item", of: string, number: number): Promise<void> {
    const reached = at === "step" ? this.steps : this.items;
    (reached[of] ??= []).push(number);
    this.#counts[at] += 1;
    const isMine = (place: CutPlace): boolean => {
      if (place.at === "step") return at === "step" && place.step === number && (place.loop ?? of) === of;
      if (place.at === "item") return at === "item" && place.item === number && (place.list ?? of) === of;
      return place.at === `nth-${at}` && place.number === this.#counts[at];
    };
    const { cut } = this.#parts;
    if (cut === undefined || this.#wasCut || !isMine(cut.place)) return;
    this.#wasCut = true;
    await this.#apply(cut);
  }

  /** A machine that is about to go away. */
  interrupt(): void {
    const { noticeMs } = this.#parts;
    if (this.#report === undefined) throw new SpotproofError("internal", "Nobody listens for notices.");
    this.#report({
      kind: "noticed",
      notice: {
        id: "test",
        source: "test",
        kind: "interruption",
        action: "terminate",
        cause: "the test takes the machine away",
        deadline: { atMs: this.clock.now() + noticeMs },
        deadlineAssumed: false,
        raw: "",
      },
    });
  }

  async #apply(cut: Cut): Promise<void> {
    switch (cut.kind) {
      case "interrupt":
        return this.interrupt();
      case "stop":
        for (const interrupt of this.#interrupts) interrupt();
        return;
      case "crash":
        return this.#crashNow(describeCut(cut));
      case "take-over":
        return this.#beTakenOver();
      default:
        return cut.kind satisfies never;
    }
  }

  #crashNow(where: string): void {
    if (this.#crash !== undefined) return;
    this.#crash = new SimulatedCrash(where);
    for (const listener of this.#crashListeners) listener(this.#crash);
  }

  #onWrite(side: "before" | "after", isSave: boolean): void {
    if (side === "before") {
      this.#counts.write += 1;
      if (isSave) this.#counts.save += 1;
    }
    const { cut } = this.#parts;
    const place = cut?.place;
    if (cut === undefined || place === undefined || this.#wasCut) return;
    if ((place.at !== "save" && place.at !== "write") || place.side !== side) return;
    if (place.at === "save" && !isSave) return;
    if (place.number !== this.#counts[place.at]) return;
    this.#wasCut = true;
    this.#crashNow(describeCut(cut));
    this.requireAlive();
  }

  /** The machine stands still; meanwhile another one waits for the lease, claims the job, and is interrupted itself. */
  async #beTakenOver(): Promise<void> {
    const { store, job, time, random, leaseMs } = this.#parts;
    this.clock.pause(3 * leaseMs);
    const clock: Clock = time.machineClock("another machine");
    const opened = store.openedFor({
      clock,
      random,
      requireAlive: () => undefined,
      onWrite: () => undefined,
    });
    const claim = await claimJob({
      store: opened.store,
      job,
      clock,
      random,
      command: ["another machine"],
      host: "another-machine",
      pid: PLAYED_PID,
      heartbeatMs: HEARTBEAT_MS,
      leaseMs,
      ifRunning: "standby",
      maxIdleAttempts: 0,
      onWaiting: () => undefined,
      signal: new AbortController().signal,
    });
    if (claim.kind !== "claimed")
      throw new SpotproofError("internal", `The job could not be taken over: ${claim.kind}.`);
    await claim.attempt.end({
      kind: "interrupted",
      reason: "the test has taken that machine away as well",
      failuresUsed: 0,
      checkpointsCommitted: 0,
    });
  }

  #surroundings(): JobSurroundings {
    const { number, random, onEvent } = this.#parts;
    return {
      clock: this.clock,
      random,
      environment: {},
      workingFolder: process.cwd(),
      host: `machine-${number}`,
      pid: PLAYED_PID,
      command: ["test"],
      onSignal: (signal, handler) => {
        if (signal !== "SIGINT") return () => undefined;
        this.#interrupts.add(handler);
        return () => this.#interrupts.delete(handler);
      },
      tell: (event) => {
        // A process that was killed says nothing any more.
        if (this.#crash === undefined) onEvent(event);
      },
      exit: (status) => {
        this.#crashNow(`ended its program with status ${status}`);
        return new Promise(() => undefined);
      },
    };
  }

  #source(): NoticeSource {
    return {
      name: "test",
      watch: (report, signal) =>
        new Promise((resolve) => {
          this.#report = report;
          if (signal.aborted) resolve();
          else signal.addEventListener("abort", () => resolve(), { once: true });
        }),
    };
  }
}
