import { type Clock, SpotproofError, reasonOf } from "../base/index.ts";
import type { SaveReason } from "../checkpoint/index.ts";
import type { Progress } from "../job/index.ts";
import { SaveForecast } from "../supervisor/index.ts";
import type { JobRandom } from "./job.ts";
import { SeededRandom } from "./job-random.ts";
import type { CommitRequest, Committed, Keeper, KeptLog, Part } from "./keeping/keeper.ts";
import { type LoopPosition, type Position, positionToIndex } from "./position.ts";
import { type EncodedState, encodeState, snapshot } from "./state/index.ts";
import { turn } from "./turn.ts";

// The record of one life, on its way into checkpoints.
//
//   - Position, random state and state are captured together, at a safe point, and only there.
//   - What was appended to a log that changes together with the state waits for the next capture, and within a step for the one
//     at its end: a commit never holds items without the state that they have changed.
//   - One commit is in flight; everybody who asks meanwhile shares the next (C18).

/** Everything of a state but its large memory. */
const GRAPH = "state";
/** The large memory of a state, one after the other: its graph knows the lengths. */
const MEMORY = "state.memory";
const logName = (name: string): string => `${name}.log`;

/** The state at one moment. */
interface Captured {
  readonly position: Position;
  /** Undefined when there is none, `unchanged` when the record has it already. */
  readonly state: EncodedState | "unchanged" | undefined;
}

/** A log, what waits for the next capture of the state, and what belongs to the last one. */
interface OpenLog {
  readonly log: KeptLog;
  held: Uint8Array[];
  captured: Uint8Array[];
}

/** What a recorder works with. */
export interface RecorderParts {
  readonly keeper: Keeper;
  readonly clock: Clock;
  /** Where the record stood when this life began; undefined for the first. */
  readonly restored: Position | undefined;
  /** Where the random numbers of a job begin that was never restored. */
  readonly seed: () => Position["random"];
  readonly onCommitted: (reason: SaveReason, committed: Committed) => void;
  readonly onFailed: (reason: SaveReason, error: SpotproofError) => void;
}

/** Gathers what a life does and brings it into checkpoints. */
export class Recorder {
  readonly random: JobRandom & { readonly state: Position["random"] };
  readonly forecast = new SaveForecast();
  readonly #parts: RecorderParts;
  readonly #loops: Map<string, LoopPosition>;
  readonly #logs = new Map<string, OpenLog>();
  #stateOf: (() => unknown) | undefined;
  #stateVersion = 1;
  #captured: Captured;
  /** The capture that is durable. */
  #durable: Captured | undefined;
  /** States that are copies of the program's. */
  readonly #copies = new WeakSet<EncodedState>();
  /** A copy that nobody reads any more: writing over it is several times faster than fresh memory. */
  #spare: EncodedState | undefined;
  #progress: Progress | undefined;
  /** Loops that were first begun within each of the steps that are under way, the outermost first. */
  readonly #scopes: Set<string>[] = [];
  #running: Promise<Committed> | undefined;
  #next: Promise<Committed> | undefined;
  /** How many have asked for the next commit, and how many have shared the last one. */
  #sharing = 0;
  #shared = 1;
  #tainted: unknown;
  #abort = new AbortController();

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    const { restored, seed } = parts;
    this.random = new SeededRandom(restored?.random ?? seed());
    this.#loops = new Map(Object.entries(restored?.loops ?? {}));
    for (const name of restored?.logs ?? []) this.#openLog(name);
    const position = restored ?? { loops: {}, random: this.random.state, state: undefined, logs: [] };
    this.#captured = { position, state: restored?.state === undefined ? undefined : "unchanged" };
    this.#durable = restored === undefined ? undefined : this.#captured;
  }

  /** Where a loop stands; undefined when it was never begun. */
  loop(name: string): LoopPosition | undefined {
    return this.#loops.get(name);
  }

  /** A step was done, or a loop begun. Belongs to the next capture. */
  setLoop(name: string, position: LoopPosition): void {
    this.#loops.set(name, position);
    if (!this.#scopes.some((scope) => scope.has(name))) this.#scopes.at(-1)?.add(name);
  }

  /** The state is what this gives, from the next capture on. */
  setState(stateOf: () => unknown, version: number = this.#stateVersion): void {
    this.#stateOf = stateOf;
    this.#stateVersion = version;
  }

  get hasState(): boolean {
    return this.#stateOf !== undefined;
  }

  setProgress(progress: Progress): void {
    this.#progress = progress;
    this.#parts.keeper.progress(progress);
  }

  /** Between `beginStep` and the capture at its end, what changes together with the state is held back. */
  beginStep(): void {
    this.#scopes.push(new Set());
  }

  /** The step is over. Where the loops within it stood means nothing any more when it was done. Gives their names. */
  endStep(done: boolean): ReadonlySet<string> {
    const scope = this.#scopes.pop() ?? new Set<string>();
    if (done) for (const name of scope) this.#loops.delete(name);
    return scope;
  }

  /** Whether no step is under way. */
  get isBetweenSteps(): boolean {
    return this.#scopes.length === 0;
  }

  /** Whether a commit may be made now of what was appended. */
  get commitsFreely(): boolean {
    return this.isBetweenSteps || !this.hasState;
  }

  /** Appends to a log; `withState` waits for the next capture, whoever commits meanwhile. */
  append(name: string, bytes: Uint8Array, withState: boolean): void {
    const open = this.#openLog(name);
    if (withState && this.hasState) open.held.push(bytes);
    else open.log.append(bytes);
  }

  /** How long a log is. */
  logBytes(name: string): number | undefined {
    return this.#logs.get(name)?.log.sizeBytes;
  }

  /** Makes the log part of the record. */
  openLog(name: string): void {
    this.#openLog(name);
  }

  /** What is durable of a log. */
  readLog(name: string, from?: number): AsyncIterable<Buffer> {
    return this.#parts.keeper.stream(logName(name), from);
  }

  /**
   * Takes in position and state as they are now. Only at safe points. Where `mayCopy` says so of its size in bytes, a copy is taken and the
   * program may change the state at once, else it must not before the commit that follows has ended.
   * @throws SpotproofError `state-not-storable`
   */
  capture(mayCopy: (bytes: number) => boolean): { readonly tookMs: number; readonly copied: boolean } {
    const { clock } = this.#parts;
    const beganAtMs = clock.now();
    const { state, copied } = this.#encode(mayCopy);
    for (const open of this.#logs.values()) {
      open.captured = open.captured.concat(open.held);
      open.held = [];
    }
    this.#captured = { position: this.#position(state), state };
    this.#tainted = undefined;
    return { tookMs: clock.now() - beganAtMs, copied };
  }

  get isCommitting(): boolean {
    return this.#running !== undefined;
  }

  /** Everything that was captured and appended before the call is durable when this resolves. */
  commit(reason: SaveReason): Promise<Committed> {
    if (this.#tainted !== undefined) return Promise.reject(this.#tainted);
    this.#sharing += 1;
    if (this.#next !== undefined) return this.#next;
    const { signal } = this.#abort;
    if (this.#running === undefined && this.#shared === 1) return this.#start(reason, signal);
    // A turn later: who shared the commit before was told just now, has maybe more to append, and shares this one too.
    const begin = async (): Promise<Committed> => {
      await turn();
      this.#next = undefined;
      return this.#start(reason, signal);
    };
    this.#next = this.#running === undefined ? begin() : this.#running.then(begin, begin);
    return this.#next;
  }

  /** Leaves the record of the last capture to whoever makes it durable after the end of this program. False when nobody does. */
  async handOver(): Promise<boolean> {
    if (this.#tainted !== undefined) return false;
    return this.#parts.keeper.handOver(this.#request("notice", this.#captured, this.#abort.signal));
  }

  /**
   * The commit of a capture that was no copy has failed, and the program may change its state again: until the next capture
   * nothing is committed.
   */
  dropCapture(why: unknown): void {
    this.#tainted = why;
  }

  /** Gives up what is in flight and resolves when it has let go. */
  async giveUp(): Promise<void> {
    this.#abort.abort(new SpotproofError("store-unreachable", "The save was given up: the time was over."));
    await Promise.allSettled([this.#running, this.#next]); // told to those who asked
    this.#abort = new AbortController();
  }

  #start(reason: SaveReason, signal: AbortSignal): Promise<Committed> {
    this.#shared = this.#sharing;
    this.#sharing = 0;
    const running = this.#commitOnce(reason, signal);
    this.#running = running;
    const over = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(over, over);
    return running;
  }

  async #commitOnce(reason: SaveReason, signal: AbortSignal): Promise<Committed> {
    const { keeper, onCommitted, onFailed } = this.#parts;
    const captured = this.#captured;
    try {
      const committed = await keeper.commit(this.#request(reason, captured, signal));
      this.forecast.learn({ durationMs: committed.durationMs, pausedMs: 0 });
      this.#settle(captured);
      onCommitted(reason, committed);
      return committed;
    } catch (error) {
      const told =
        error instanceof SpotproofError
          ? error
          : new SpotproofError("internal", reasonOf(error), { cause: error });
      onFailed(reason, told);
      throw told;
    }
  }

  #request(reason: SaveReason, captured: Captured, signal: AbortSignal): CommitRequest {
    this.#appendCaptured();
    const position = { ...captured.position, logs: [...this.#logs.keys()] };
    return {
      reason,
      parts: [...statePartsOf(captured, this.#durable), ...this.#logParts()],
      index: positionToIndex(position),
      progress: this.#progress,
      signal,
    };
  }

  /** The buffers of a state that is durable are let go; those of a copy are written over by the next. */
  #settle(captured: Captured): void {
    const { state } = captured;
    if (typeof state === "object" && this.#copies.has(state)) this.#spare = state;
    const durable: Captured = {
      position: captured.position,
      state: captured.state === undefined ? undefined : "unchanged",
    };
    this.#durable = durable;
    if (this.#captured === captured) this.#captured = durable;
  }

  #encode(mayCopy: (bytes: number) => boolean): {
    readonly state: Captured["state"];
    readonly copied: boolean;
  } {
    if (this.#stateOf === undefined) return { state: this.#captured.state, copied: true };
    const encoded = encodeState(this.#stateOf());
    const copied = mayCopy(encoded.byteLength);
    if (!copied) return { state: encoded, copied };
    const state = snapshot(encoded, this.#spare);
    this.#spare = undefined;
    this.#copies.add(state);
    return { state, copied };
  }

  #position(state: Captured["state"]): Position {
    const { state: before } = this.#captured.position;
    return {
      loops: Object.fromEntries(this.#loops),
      random: this.random.state,
      state:
        state === undefined || state === "unchanged" || this.#stateOf === undefined
          ? before
          : { version: this.#stateVersion, hasMemory: state.buffers.length > 0 },
      logs: [],
    };
  }

  /** Only now: a commit that was under way at the capture must not get hold of what belongs to a later state. */
  #appendCaptured(): void {
    for (const open of this.#logs.values()) {
      for (const bytes of open.captured) open.log.append(bytes);
      open.captured = [];
    }
  }

  #logParts(): readonly Part[] {
    return [...this.#logs].map(([name, { log }]) => ({ kind: "log", name: logName(name), log }));
  }

  #openLog(name: string): OpenLog {
    let open = this.#logs.get(name);
    if (open === undefined) {
      open = { log: this.#parts.keeper.openLog(logName(name)), held: [], captured: [] };
      this.#logs.set(name, open);
    }
    return open;
  }
}

function statePartsOf({ position, state }: Captured, durable: Captured | undefined): readonly Part[] {
  if (state === undefined || position.state === undefined) return [];
  if (state !== "unchanged") {
    const graph: Part = { kind: "bytes", name: GRAPH, pieces: [state.graph] };
    return state.buffers.length === 0
      ? [graph]
      : [graph, { kind: "bytes", name: MEMORY, pieces: state.buffers }];
  }
  if (durable === undefined)
    throw new SpotproofError("internal", "A state was called unchanged that was never kept.");
  const names = position.state.hasMemory ? [GRAPH, MEMORY] : [GRAPH];
  return names.map((name): Part => ({ kind: "unchanged", name }));
}

/** The names of the parts that hold a state. */
export const STATE_PARTS = { graph: GRAPH, memory: MEMORY } as const;

/** The names of the parts that hold logs. */
export function logPartNames({ logs }: Pick<Position, "logs">): readonly string[] {
  return logs.map(logName);
}
