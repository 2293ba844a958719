import { type JobName, type Random, SpotproofError, parseJobName, seededRandom } from "../base/index.ts";
import { type Job, type JobEnd, type JobEvent, type JobOptions, runJobIn } from "../sdk/index.ts";
import { type LifeOptions, cutOf } from "./cuts.ts";
import {
  type EveryInterruptionOptions,
  type EveryInterruptionReport,
  everyInterruption,
} from "./every-interruption.ts";
import { type PlayedCheckpoint, PlayedStore } from "./played-store.ts";
import { PlayedJob } from "./played-job.ts";
import { PlayedLife, type PlayedLifeParts } from "./played-life.ts";
import { HEARTBEAT_MS, PlayedTime } from "./played-time.ts";

/** The work of a job, exactly as `runJob` takes it. */
export type JobWork<Result> = (job: Job) => Promise<Result> | Result;

/** What `createJobTest` takes. */
export interface JobTestOptions {
  /** Default `test`. */
  readonly name?: string;
  /** How long each step takes, in virtual ms. Default 1000. */
  readonly stepMs?: number;
  /** How long the work on each item takes, in virtual ms, beside what it really does. Default 100. */
  readonly itemMs?: number;
  /** Decides everything that is drawn, `job.random` included. Default 1. */
  readonly seed?: number;
  /** As for `runJob`; without `files`, which are real. */
  readonly job?: Pick<JobOptions, "keep" | "leaseMs" | "ifRunning" | "interruptedEveryMs">;
}

/** How a life has ended: as `runJob` says it, or by a crash that the test has wanted. */
export type TestedEnd<Result> = JobEnd<Result> | { readonly kind: "crashed"; readonly where: string };

/** One life that has ended. */
export interface TestedLife {
  /** How it ended; `failed` when the work has thrown, or the job could not go on. */
  readonly end: TestedEnd<unknown> | { readonly kind: "failed"; readonly error: unknown };
  /** Its number, as the job counts; undefined when it never had the job. */
  readonly attempt: number | undefined;
  /** The checkpoint that it went on from. */
  readonly resumedFrom: string | undefined;
  /** The steps that were handed out, by the name of the loop. */
  readonly steps: Readonly<Record<string, readonly number[]>>;
  /** The indices of the items whose work was begun, by the name of the list. */
  readonly items: Readonly<Record<string, readonly number[]>>;
  /** How many saves it has begun to commit, and how many writes of any kind it has begun. */
  readonly saves: number;
  readonly writes: number;
}

/** Something that the job has said, and which life of this test said it: 1, 2, 3 … */
export type TestedEvent = JobEvent & { readonly life: number };

/** The store of the test. What is done to it holds from now on. */
export interface TestedStore {
  /** Lets no call be answered for so many virtual ms. */
  goAway(forMs: number): void;
  /** Lets every write fail as with a full disk, until `makeRoom`. */
  fill(): void;
  makeRoom(): void;
  /** Changes a byte of the newest checkpoint that is not damaged yet; resolves with its name. @throws SpotproofError `bad-usage` when there is none */
  damageNewest(): Promise<string>;
}

/** Virtual time. It passes with steps and items, where a job waits (a lease, a back-off), and by `advance`. */
export interface TestedClock {
  /** Since the test was created, in ms. */
  readonly nowMs: number;
  /** Lets time pass, from within the work or outside of it. Heartbeats, limits and deadlines that are due come. */
  advance(ms: number): Promise<void>;
}

/** A world in memory in which a job is run, interrupted and run again. */
export interface JobTest {
  /**
   * One life of the job, from its claim to its end; what the work throws is thrown on, as by `runJob`.
   * @throws SpotproofError as `runJob` does; `bad-usage` for more than one cut
   */
  run<Result>(work: JobWork<Result>, options?: LifeOptions): Promise<TestedEnd<Result>>;
  /**
   * Runs the job once without a cut and then again and again in worlds of their own: interrupted at each step and item, killed at each of them, and
   * killed just before and just after each save. Every time it is run to its end, and its result compared.
   * @throws InterruptionsDiffer with every cut after which the result is another one, or none
   */
  everyInterruption<Result>(
    work: JobWork<Result>,
    options?: EveryInterruptionOptions<Result>,
  ): Promise<EveryInterruptionReport<Result>>;
  /** Lives that have ended, in that order. */
  readonly lives: readonly TestedLife[];
  /** Checkpoints that were ever committed, oldest first. The job keeps the last few of them. */
  readonly checkpoints: readonly PlayedCheckpoint[];
  /** Everything that the job has said. */
  readonly events: readonly TestedEvent[];
  readonly clock: TestedClock;
  readonly store: TestedStore;
}

/**
 * A job's test: its store is in memory, its clock is virtual, its machine can be taken away at any step. Nothing is left running.
 *
 * ```ts
 * const test = createJobTest();
 * await test.run(fit, { interruptAtStep: 5 }); // { kind: "interrupted", … }
 * await test.run(fit); // { kind: "completed", result }
 * await test.everyInterruption(fit);
 * ```
 * @throws SpotproofError `bad-usage`
 */
export function createJobTest(options: JobTestOptions = {}): JobTest {
  return new PlayedJobTest(options);
}

const USUAL_LEASE_MS = 30_000;
const USUAL_NOTICE_MS = 120_000;

class PlayedJobTest implements JobTest {
  readonly lives: TestedLife[] = [];
  readonly events: TestedEvent[] = [];
  readonly clock: TestedClock;
  readonly store: TestedStore;
  readonly #options: JobTestOptions;
  readonly #job: JobName;
  readonly #random: Random;
  readonly #time: PlayedTime;
  readonly #store: PlayedStore;
  #begun = 0;

  constructor(options: JobTestOptions) {
    const { name = "test", seed = 1 } = options;
    for (const option of ["stepMs", "itemMs"] as const) {
      const value = options[option];
      if (value !== undefined && !(value >= 0 && Number.isFinite(value)))
        throw new SpotproofError("bad-usage", `${option}: ${value} must be milliseconds from 0.`);
    }
    this.#options = options;
    this.#job = parseJobName(name);
    this.#random = seededRandom(seed);
    const time = new PlayedTime(this.#random);
    const store = new PlayedStore(() => time.nowMs);
    this.#time = time;
    this.#store = store;
    this.clock = {
      get nowMs() {
        return time.nowMs;
      },
      advance: (ms) => time.pass(ms),
    };
    this.store = {
      goAway: (forMs) => store.goAway(forMs),
      fill: () => store.setFull(true),
      makeRoom: () => store.setFull(false),
      damageNewest: () => store.damageNewest(),
    };
  }

  get checkpoints(): readonly PlayedCheckpoint[] {
    return this.#store.checkpoints;
  }

  run<Result>(work: JobWork<Result>, options: LifeOptions = {}): Promise<TestedEnd<Result>> {
    const { noticeMs = USUAL_NOTICE_MS } = options;
    return this.live(work, { cut: cutOf(options), noticeMs });
  }

  everyInterruption<Result>(
    work: JobWork<Result>,
    options: EveryInterruptionOptions<Result> = {},
  ): Promise<EveryInterruptionReport<Result>> {
    return everyInterruption(() => new PlayedJobTest(this.#options), work, options);
  }

  /** One life, with a cut that was made elsewhere. */
  async live<Result>(
    work: JobWork<Result>,
    { cut, noticeMs }: Pick<PlayedLifeParts, "cut" | "noticeMs">,
  ): Promise<TestedEnd<Result>> {
    const { stepMs = 1000, itemMs = 100, job: jobOptions = {}, seed = 1 } = this.#options;
    this.#begun += 1;
    const number = this.#begun;
    const life = new PlayedLife({
      number,
      job: this.#job,
      time: this.#time,
      store: this.#store,
      random: this.#random,
      seed: () => seedFrom(seed),
      cut,
      noticeMs,
      leaseMs: jobOptions.leaseMs ?? USUAL_LEASE_MS,
      onEvent: (event) => this.events.push({ ...event, life: number }),
    });
    let seen: Job | undefined;
    const played = (job: Job): Promise<Result> => {
      seen = job;
      return this.#time.act(() => work(new PlayedJob(job, life, this.#time, { stepMs, itemMs })));
    };
    const ended = (end: TestedLife["end"]): void => {
      const { steps, items, counts } = life;
      const { save: saves, write: writes } = counts;
      this.lives.push({
        end,
        attempt: seen?.attempt,
        resumedFrom: seen?.resumedFrom,
        steps,
        items,
        saves,
        writes,
      });
    };
    const given = { ...jobOptions, store: "memory", heartbeatMs: HEARTBEAT_MS, ending: "return" } as const;
    let end: TestedEnd<Result>;
    try {
      end = await runJobIn(life.world(), this.#job, given, played);
    } catch (error) {
      if (life.crash === undefined) {
        ended({ kind: "failed", error });
        throw error;
      }
      end = { kind: "crashed", where: life.crash.message };
    }
    // Whatever the work made of it.
    if (life.crash !== undefined) end = { kind: "crashed", where: life.crash.message };
    ended(end);
    return end;
  }
}

/** Four words of a generator, none of which depends on the others' being drawn. */
function seedFrom(seed: number): readonly [number, number, number, number] {
  const random = seededRandom(seed);
  const word = (): number => Math.floor(random.next() * 2 ** 32);
  return [word() | 1, word(), word(), word()].map((value) => value >>> 0) as unknown as readonly [
    number,
    number,
    number,
    number,
  ];
}
