import { setImmediate } from "node:timers/promises";
import { type Clock, type Random, SpotproofError } from "../base/index.ts";
import type { SaveReason } from "../checkpoint/index.ts";
import { isTroubleOfTheJob } from "../supervisor/index.ts";
import {
  DurableSteps,
  type ForEachOptions,
  type ItemOutcome,
  type ItemSource,
  type ItemWork,
  type ItemsHost,
  type ItemsSummary,
  type OnceContext,
  forEach,
  results,
} from "./items/index.ts";
import { refuseMisspelt, requireFunction, requireOptions } from "./arguments.ts";
import { fencedOut } from "./fenced-out.ts";
import type { InterruptionRate } from "./interruption-rate.ts";
import type {
  EncodedStateOptions,
  Interruption,
  Job,
  JobEvent,
  JobRandom,
  StateOptions,
  StepsOptions,
} from "./job.ts";
import type { Committed, Keeper } from "./keeping/keeper.ts";
import { JobLeaves, type Leaving } from "./leaving.ts";
import type { Recorder } from "./recorder.ts";
import { savingInTime } from "./saving-in-time.ts";
import { WriteGate } from "./write-gate.ts";
import { refuseHalfOfACodec, restoreState } from "./restored-state.ts";
import type { RestoredRecord } from "./restored-record.ts";
import { COPY_AT_MOST_BYTES, DEFAULT_LOOP, type StepsHost, openSteps } from "./steps.ts";
import { type Storable, stateVersion } from "./state/index.ts";

/** What a live job is made of. */
export interface LiveJobParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly keeper: Keeper;
  readonly recorder: Recorder;
  readonly leaving: Leaving;
  readonly restored: RestoredRecord | undefined;
  readonly rate: () => InterruptionRate;
  readonly leaseMs: number | undefined;
  /** Whether files of the program belong to its checkpoints. */
  readonly savesFiles: boolean;
  readonly tell: (level: JobEvent["level"], kind: string, text: string) => void;
}

/** The job that a program is handed. */
export class LiveJob implements Job, StepsHost {
  readonly loopNames = new Set<string>();
  readonly unfinished = new Set<string>();
  tellsProgress = false;
  stateAsked = false;
  /** Somebody's call was rejected because the job is to leave: what the program does after that belongs to no safe point. */
  wasToldToLeave = false;
  readonly #parts: LiveJobParts;
  readonly #items: ItemsHost;
  readonly #once: DurableSteps;
  readonly #openLogs = new Set<string>();
  /** Only where files belong to the checkpoints. */
  readonly #gate: WriteGate | undefined;
  #comparedWithRecord = false;

  constructor(parts: LiveJobParts) {
    this.#parts = parts;
    // `spotproof run` lets the whole program stand still while it looks.
    this.#gate = parts.savesFiles && parts.leaseMs !== undefined ? new WriteGate(parts.clock) : undefined;
    this.#items = this.#itemsHost(true);
    this.#once = new DurableSteps(this.#itemsHost(false));
  }

  get name(): string {
    return this.#parts.keeper.job;
  }

  get attempt(): number {
    return this.#parts.keeper.attempt;
  }

  get attemptToken(): string {
    return this.#parts.keeper.token;
  }

  get resumedFrom(): string | undefined {
    return this.#parts.restored?.id;
  }

  get files(): string | undefined {
    return this.#parts.keeper.files;
  }

  get signal(): AbortSignal {
    return this.#parts.leaving.signal;
  }

  get interruption(): Interruption | undefined {
    return this.#parts.leaving.interruption;
  }

  get random(): JobRandom {
    return this.#parts.recorder.random;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  get recorder(): Recorder {
    return this.#parts.recorder;
  }

  get leaving(): Leaving {
    return this.#parts.leaving;
  }

  get rate(): () => InterruptionRate {
    return this.#parts.rate;
  }

  get leaseMs(): number | undefined {
    return this.#parts.leaseMs;
  }

  get savesFiles(): boolean {
    return this.#parts.savesFiles;
  }

  get tell(): LiveJobParts["tell"] {
    return this.#parts.tell;
  }

  onInterruption(listener: (interruption: Interruption) => void): () => void {
    requireFunction("The listener of onInterruption", listener, "({ cause }) => console.log(cause)");
    return this.#parts.leaving.onInterruption(listener);
  }

  restoreOr<State>(
    initial: () => (State & Storable<State>) | Promise<State & Storable<State>>,
    options?: StateOptions<State>,
  ): Promise<State>;
  restoreOr<State, Plain>(
    initial: () => State | Promise<State>,
    options: EncodedStateOptions<State, Plain>,
  ): Promise<State>;
  async restoreOr<State>(
    initial: () => State | Promise<State>,
    options: StateOptions<unknown> & Partial<EncodedStateOptions<State, unknown>> = {},
  ): Promise<State> {
    this.#throwIfFencedOut();
    if (this.stateAsked) {
      throw new SpotproofError(
        "bad-usage",
        "restoreOr was called twice: a job has one state. Put everything that belongs to it into one object.",
      );
    }
    requireFunction("The initial state of restoreOr", initial, "() => ({ count: 0 })");
    requireOptions("restoreOr", options, "{ version: 2 }");
    refuseMisspelt("restoreOr", options, ["version", "migrate", "encode", "decode"]);
    refuseHalfOfACodec(options);
    const version = stateVersion(options.version);
    this.stateAsked = true;
    const { restored, recorder, tell } = this.#parts;
    const { encode } = options;
    const found = restored?.takeState();
    const state = found === undefined ? await initial() : await restoreState<State, unknown>(found, options);
    if (found === undefined)
      tell("info", "initial-state", "the work begins with its initial state: no checkpoint holds another");
    recorder.setState(encode === undefined ? () => state : () => encode(state), version);
    return state;
  }

  steps<State = unknown>(options: StepsOptions<State>): AsyncIterableIterator<number> {
    this.#throwIfFencedOut();
    const steps = openSteps(this, options);
    this.#warnOfOtherProgram(options.name);
    return steps;
  }

  async forEach<Item, Result>(
    source: ItemSource<Item>,
    options: ForEachOptions<Item>,
    work: ItemWork<Item, Result>,
  ): Promise<ItemsSummary> {
    this.#throwIfFencedOut();
    requireOptions("forEach", options, "{ concurrency: 4 }, and then the work");
    const name = `items ${options.name ?? "items"}`;
    this.unfinished.add(name);
    const gate = this.#gate;
    const gated: ItemWork<Item, Result> =
      gate === undefined || typeof work !== "function"
        ? work
        : (item, context) => gate.pass(() => work(item, context));
    const summary = await this.#notingLeave(() => forEach(this.#items, source, options, gated));
    this.unfinished.delete(name);
    return summary;
  }

  results<Result = unknown>(name?: string): AsyncIterable<ItemOutcome<Result>> {
    this.#throwIfFencedOut();
    return results<Result>(this.#items, name);
  }

  async once<Result>(key: string, work: (context: OnceContext) => Promise<Result> | Result): Promise<Result> {
    this.#throwIfFencedOut();
    return this.#notingLeave(() => this.#once.once(key, work));
  }

  async checkpoint(): Promise<string> {
    this.#throwIfFencedOut();
    if (this.#isHalfWay) {
      throw new SpotproofError(
        "bad-usage",
        "checkpoint() was called within a step, where the state is half changed: a later life would do the step again on it. Let the loop save (checkpointEvery), call it between two loops, or keep a result at once by once().",
      );
    }
    return (await this.commitState("request")).id;
  }

  progress(done: number, total?: number, unit?: string): void {
    this.#throwIfFencedOut();
    if (!Number.isFinite(done) || (total !== undefined && !Number.isFinite(total))) {
      throw new SpotproofError(
        "bad-usage",
        `progress(${done}, ${total}): use numbers, such as progress(40, 100).`,
      );
    }
    this.tellsProgress = true;
    this.#setProgress(done, total, unit);
  }

  async leave(): Promise<never> {
    if (this.#parts.leaving.signal.aborted) return this.#leaveSaved(!this.#isHalfWay);
    // Within a step the state is that of no moment: what counts is the last one that was captured, and the step is done again.
    if (this.#isHalfWay) await this.#parts.recorder.commit("request");
    else await this.commitState("request");
    throw new JobLeaves("interrupted", "the program chose to leave");
  }

  /** Whether the state is one that a step has changed in part. */
  get #isHalfWay(): boolean {
    const { recorder } = this.#parts;
    return recorder.hasState && !recorder.isBetweenSteps;
  }

  /** The state as it is now is durable when this resolves. */
  async commitState(reason: SaveReason): Promise<Committed> {
    const { recorder } = this.#parts;
    const { copied } = recorder.capture((bytes) => bytes <= COPY_AT_MOST_BYTES && reason === "request");
    try {
      return await recorder.commit(reason);
    } catch (error) {
      if (!copied) recorder.dropCapture(error);
      throw error;
    }
  }

  /** E1: a job that is done is only done when its last state is durable; a store that is away is waited for, within limits. */
  commitResult(): Promise<Committed> {
    return this.#inTime(() => this.commitState("final"));
  }

  async saveAndLeave(): Promise<never> {
    if (!this.wasToldToLeave) return this.#leaveSaved(true);
    this.tell(
      "warn",
      "leave-swallowed",
      "the program went on after it was told to leave: a catch did not throw JobLeaves on. What it did since then is not saved, and is done again.",
    );
    throw this.#parts.leaving.signal.reason;
  }

  async #leaveSaved(captures: boolean): Promise<never> {
    this.wasToldToLeave = true;
    const reason: unknown = this.#parts.leaving.signal.reason;
    this.#throwIfFencedOut();
    try {
      if (captures) this.#parts.recorder.capture(() => false);
      if (!(await this.#parts.recorder.handOver()))
        await this.#inTime(() => this.#parts.recorder.commit("notice"));
    } catch (error) {
      if (!(error instanceof SpotproofError) || error.code === "fenced-out" || isTroubleOfTheJob(error))
        throw error;
      this.tell("warn", "last-save-failed", `the last save before leaving did not work: ${error.message}`);
    }
    throw reason;
  }

  /** A program that was changed since the last life may leave a state or a position of its record lying about, which is seldom meant. */
  #warnOfOtherProgram(name = DEFAULT_LOOP): void {
    const { restored } = this.#parts;
    if (restored === undefined || this.#comparedWithRecord) return;
    this.#comparedWithRecord = true;
    const { loops, state } = restored.position;
    if (state !== undefined && !this.stateAsked) {
      const text =
        "the checkpoint holds a state that the program does not ask for: steps go on where they were, and without restoreOr its state begins anew";
      this.tell("warn", "state-not-asked", text);
    }
    const open = Object.entries(loops).filter(([, { next, to }]) => next < to);
    if (loops[name] !== undefined || open.length === 0) return;
    const where = open.map(([loop, { next, to }]) => `"${loop}" at step ${next} of ${to}`).join(", ");
    const text = `the record knows no loop "${name}", which begins with its first step, but ${where}: was a loop renamed?`;
    this.tell("warn", "loop-unknown", text);
  }

  async #notingLeave<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      if (this.#parts.leaving.signal.aborted) this.wasToldToLeave = true;
      throw error;
    }
  }

  #inTime<Result>(save: () => Promise<Result>): Promise<Result> {
    return savingInTime(this.#parts, save);
  }

  /**
   * Takes in the state together with the items that have changed it; false when a step has begun, at whose end that happens.
   * An item that has ended is recorded some turns of the promise queue later: that is awaited, so that no state has what no record says.
   */
  async #captureBetweenItems(): Promise<boolean> {
    const { recorder } = this.#parts;
    await setImmediate();
    if (!recorder.commitsFreely) return false;
    // Items may be under way beside this: only a copy of the state is of one moment.
    if (recorder.isBetweenSteps) recorder.capture(() => true);
    return true;
  }

  #setProgress(done: number, total: number | undefined, unit: string | undefined): void {
    this.#parts.recorder.setProgress({
      done,
      ...(total === undefined ? {} : { total }),
      ...(unit === undefined ? {} : { unit }),
    });
  }

  #throwIfFencedOut(): void {
    if (this.#parts.keeper.fencedOut.aborted) throw fencedOut();
  }

  /** `withState`: what is appended belongs together with the state of its moment. */
  #itemsHost(withState: boolean): ItemsHost {
    const { clock, random, keeper, recorder, leaving, tell } = this.#parts;
    const logOf = (name: string) => ({
      restoredBytes: recorder.logBytes(name) ?? 0,
      read: (from?: number) => recorder.readLog(name, from),
      append: (bytes: Uint8Array) => recorder.append(name, bytes, withState),
    });
    return {
      clock,
      random,
      jobName: keeper.job,
      leave: leaving,
      openLog: (name) => {
        if (this.#openLogs.has(name)) {
          throw new SpotproofError(
            "bad-usage",
            `The list "${name}" was begun before: give each list a name of its own ({ name: "…" }).`,
          );
        }
        this.#openLogs.add(name);
        recorder.openLog(name);
        return logOf(name);
      },
      readLog: (name) => (recorder.logBytes(name) === undefined ? undefined : logOf(name)),
      commit: async () => {
        this.#throwIfFencedOut();
        const commit = async (): Promise<void> => {
          if (withState && !(await this.#captureBetweenItems())) return;
          // A job that leaves has only so much time; any other waits for a store that is away.
          if (leaving.signal.aborted) await this.#inTime(() => recorder.commit("notice"));
          else await recorder.commit("interval");
        };
        await (this.#gate === undefined || !withState ? commit() : this.#gate.still(leaving.signal, commit));
      },
      handOver: async () => {
        this.#throwIfFencedOut();
        if (withState && !(await this.#captureBetweenItems())) return false;
        return recorder.handOver();
      },
      get commitsFreely() {
        return !withState || recorder.commitsFreely;
      },
      tell,
      progress: (done, total, unit) => {
        if (!this.tellsProgress) this.#setProgress(done, total, unit);
      },
    };
  }
}
