import type {
  ForEachOptions,
  ItemOutcome,
  ItemSource,
  ItemWork,
  ItemsSummary,
  OnceContext,
} from "./items/index.ts";
import type { Storable } from "./state/index.ts";

// What the work function of `runJob` is handed. The words are those of the glossary.

/** This machine is about to go away, or somebody wants the job to stop here. */
export interface Interruption {
  /** For people: which source said what. */
  readonly cause: string;
  /** What happens to the machine: `terminate`, `stop`, `hibernate`, `end-process` …; `user-stop` after Ctrl-C. */
  readonly action: string;
  /** Milliseconds until the machine may be gone, as of now; undefined when nobody set a time. */
  readonly remainingMs: number | undefined;
}

/** How a state is kept that is plain data. */
export interface StateOptions<State> {
  /** Which shape the state has: a positive integer, raised with each change of the shape. Default 1. */
  readonly version?: number;
  /** Makes a state of this version from one that an older version saved. Without it an older state is refused. */
  readonly migrate?: (old: unknown, fromVersion: number) => State | Promise<State>;
}

/** How a state is kept that is more than plain data, such as an object of a class: by way of a plain one. */
export interface EncodedStateOptions<State, Plain> extends StateOptions<Plain> {
  /** Gives everything that has to be saved, as plain data. Called at safe points. */
  readonly encode: (state: State) => Plain & Storable<Plain>;
  /** Makes the state from what `encode` gave, maybe in another life. */
  readonly decode: (plain: Plain) => State | Promise<State>;
}

/** When `steps` makes a checkpoint. */
export type CheckpointEvery =
  /** After every so many steps. */
  | number
  /** At the first end of a step after so many seconds since the last one. */
  | { readonly seconds: number }
  /** When it loses the least, by the measured cost of a save and the rate of interruptions. */
  | "auto";

/** What `job.steps` takes. */
export interface StepsOptions<State> {
  /** The first step of all. What was done before the last checkpoint is not done again, whatever this says. Default 0. */
  readonly from?: number | undefined;
  /** Where to end: the last step is `to - 1`. */
  readonly to: number;
  /** Default `"auto"`. */
  readonly checkpointEvery?: CheckpointEvery | undefined;
  /** Gives the state as it is at the end of a step. Default: the object that `restoreOr` has returned. */
  readonly state?: (() => State & Storable<State>) | undefined;
  /**
   * `background` (default): the loop goes on while a copy of the state is being stored. `wait`: the next step begins when the
   * checkpoint is durable. States over 256 MiB are waited for unless `background` is given by name.
   */
  readonly save?: "background" | "wait" | undefined;
  /** Tells loops of one job apart. Each may be begun once in a life. Default `steps`. */
  readonly name?: string | undefined;
  /** The most that saving may take of the time under `"auto"`, as a share. Default 0.035. */
  readonly maxOverhead?: number | undefined;
}

/** Random numbers whose state belongs to every checkpoint: after a restore they go on where they were. */
export interface JobRandom {
  /** From 0 (included) to 1 (excluded), 32 random bits. */
  next(): number;
  /** A whole number from 0 (included) to `bound` (excluded). */
  below(bound: number): number;
  /** An order of 0 … `length - 1` (Fisher and Yates), such as that of the data of one epoch. Draws `length - 1` numbers. */
  permutation(length: number): Uint32Array<ArrayBuffer>;
}

/** One life of a job, as its own program sees it. Every member that stores something rejects after a later claim (J3). */
export interface Job {
  readonly name: string;
  /** Which life of the job this is: 1, 2, 3 … */
  readonly attempt: number;
  /** 32 hexadecimal digits that only this life has: hand it to systems that should refuse an outdated one. */
  readonly attemptToken: string;
  /** The checkpoint that this life goes on from; undefined at the very first start. */
  readonly resumedFrom: string | undefined;
  /** The folder given as `files`, restored. Undefined without one. */
  readonly files: string | undefined;
  /** Aborts when the job is to leave: on an interruption, Ctrl-C, or a later claim. Its reason says which. */
  readonly signal: AbortSignal;
  /** What is announced; undefined while nothing is. */
  readonly interruption: Interruption | undefined;
  /** Calls `listener` once, as soon as an interruption is announced (at once if one is). Gives the function that takes it back. */
  onInterruption(listener: (interruption: Interruption) => void): () => void;
  /**
   * The state of the last good checkpoint, or the initial one, which is said on stderr. Call it once, before `steps`.
   * @throws SpotproofError `state-outdated` for a state of another version without a migration, `bad-usage` when called twice
   */
  restoreOr<State>(
    initial: () => (State & Storable<State>) | Promise<State & Storable<State>>,
    options?: StateOptions<State>,
  ): Promise<State>;
  restoreOr<State, Plain>(
    initial: () => State | Promise<State>,
    options: EncodedStateOptions<State, Plain>,
  ): Promise<State>;
  /**
   * The steps that are left to do. When one ends, its end is a safe point: there checkpoints are made, and there the job
   * leaves an interrupted machine, after a last checkpoint, by an error (`JobLeaves`) that must be let through.
   * @throws SpotproofError `bad-usage` at once; `fenced-out`; `state-not-storable`; what the store says, at the last save
   */
  steps<State = unknown>(options: StepsOptions<State>): AsyncIterableIterator<number>;
  /** Does `work` for every item, once in the record. See `ForEachOptions`. */
  forEach<Item, Result>(
    source: ItemSource<Item>,
    options: ForEachOptions<Item>,
    work: ItemWork<Item, Result>,
  ): Promise<ItemsSummary>;
  /** What is durable of the items of a list, in the order in which they ended. */
  results<Result = unknown>(name?: string): AsyncIterable<ItemOutcome<Result>>;
  /**
   * A durable step: runs `work` once in the life of the job, and resolves with its result when that is durable. Later lives get the
   * result without running it. Calls that come together are committed together.
   */
  once<Result>(key: string, work: (context: OnceContext) => Promise<Result> | Result): Promise<Result>;
  /**
   * Makes a checkpoint now, of the state as it is now, and resolves with its name when it is durable. Calls while one is under way share
   * the next. Not within a step of a loop that has a state: there the state is half changed.
   * @throws SpotproofError `bad-usage` within such a step; `fenced-out`; what the store says
   */
  checkpoint(): Promise<string>;
  /** How far the job is, for `spotproof status` and for every checkpoint. */
  progress(done: number, total?: number, unit?: string): void;
  readonly random: JobRandom;
  /**
   * Saves, and ends the program as interrupted: for code that looks at `interruption` by itself. Never resolves. Within a step of a loop that
   * has a state, the last state that was captured counts, and what was done since then is done again.
   */
  leave(): Promise<never>;
}

/** What `runJob` takes. */
export interface JobOptions {
  /** Where everything rests: a folder, or `s3://…`, `dynamodb://…`, `sqlite:…`, `postgres://…`. Under `spotproof run` its store is used. */
  readonly store: string;
  /** A folder that belongs to every checkpoint, beside the state: restored before the work begins. */
  readonly files?: string | undefined;
  /** `standby` (default): wait while another life of the job is alive. `leave`: end. */
  readonly ifRunning?: "standby" | "leave" | undefined;
  /** How often the heartbeat is rewritten, in ms. Default 10,000. */
  readonly heartbeatMs?: number | undefined;
  /** How long a silent life counts as alive, in ms. Default 30,000. */
  readonly leaseMs?: number | undefined;
  /** How many checkpoints are kept. At least 2, default 3. */
  readonly keep?: number | undefined;
  /** Takes a store that goes with the machine, such as a folder in /tmp. Default false. */
  readonly allowVolatileStore?: boolean | undefined;
  /** Time between SIGTERM and the end, in ms, when nobody else tells. Default as for `spotproof run`. */
  readonly signalGraceMs?: number | undefined;
  /** Time between interruptions that `"auto"` reckons with until the job has seen some, in ms. Default 4 hours. */
  readonly interruptedEveryMs?: number | undefined;
  /**
   * `exit` (default): a job that was interrupted ends the program with status 75, one that was stopped with 130, fenced out with 76.
   * `return`: `runJob` returns how it ended, whatever that is.
   */
  readonly ending?: "exit" | "return" | undefined;
  /** Told everything that happens. Default: sentences on stderr. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
}

/** Something that happened to a job, for people and for logs. */
export interface JobEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly kind: string;
  readonly text: string;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

/** How `runJob` ends. With `ending: "exit"` only the first two are ever returned. */
export type JobEnd<Result> =
  | { readonly kind: "completed"; readonly result: Result }
  /** The job was completed by an earlier life: nothing was done (J4). */
  | { readonly kind: "completed-before" }
  /** Saved as far as there was time; start the program again to go on. */
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "stopped"; readonly reason: string }
  | { readonly kind: "fenced-out" }
  | { readonly kind: "running-elsewhere"; readonly attempt: number; readonly host: string }
  | { readonly kind: "ended-elsewhere"; readonly reason: string };
