import type {
  EncodedStateOptions,
  ForEachOptions,
  Interruption,
  ItemOutcome,
  ItemSource,
  ItemsSummary,
  ItemWork,
  Job,
  JobRandom,
  OnceContext,
  StateOptions,
  StepsOptions,
  Storable,
} from "../sdk/index.ts";
import type { PlayedLife } from "./played-life.ts";
import type { PlayedTime } from "./played-time.ts";

/** How long things take on virtual time, in ms. */
export interface Pace {
  readonly stepMs: number;
  readonly itemMs: number;
}

/** A job as its program sees it, with a life that can be cut, and time that passes by steps and items. */
export class PlayedJob implements Job {
  readonly #inner: Job;
  readonly #life: PlayedLife;
  readonly #time: PlayedTime;
  readonly #pace: Pace;

  constructor(inner: Job, life: PlayedLife, time: PlayedTime, pace: Pace) {
    this.#inner = inner;
    this.#life = life;
    this.#time = time;
    this.#pace = pace;
  }

  get name(): string {
    return this.#inner.name;
  }

  get attempt(): number {
    return this.#inner.attempt;
  }

  get attemptToken(): string {
    return this.#inner.attemptToken;
  }

  get resumedFrom(): string | undefined {
    return this.#inner.resumedFrom;
  }

  get files(): string | undefined {
    return this.#inner.files;
  }

  get signal(): AbortSignal {
    return this.#inner.signal;
  }

  get interruption(): Interruption | undefined {
    return this.#inner.interruption;
  }

  get random(): JobRandom {
    return this.#inner.random;
  }

  onInterruption(listener: (interruption: Interruption) => void): () => void {
    return this.#inner.onInterruption(listener);
  }

  restoreOr<State>(
    initial: () => (State & Storable<State>) | Promise<State & Storable<State>>,
    options?: StateOptions<State>,
  ): Promise<State>;
  restoreOr<State, Plain>(
    initial: () => State | Promise<State>,
    options: EncodedStateOptions<State, Plain>,
  ): Promise<State>;
  restoreOr<State>(
    initial: () => State | Promise<State>,
    options?: StateOptions<unknown> & Partial<EncodedStateOptions<State, unknown>>,
  ): Promise<State> {
    const { migrate, decode } = options ?? {};
    const played = {
      ...options,
      ...(migrate && { migrate: (old: unknown, from: number) => this.#time.act(() => migrate(old, from)) }),
      ...(decode && { decode: (plain: unknown) => this.#time.act(() => decode(plain)) }),
    } as EncodedStateOptions<State, unknown>;
    return this.#life.call(() =>
      this.#inner.restoreOr<State, unknown>(() => this.#time.act(initial), played),
    );
  }

  steps<State = unknown>(options: StepsOptions<State>): AsyncIterableIterator<number> {
    this.#life.requireAlive();
    const inner = this.#inner.steps(options);
    const name = options.name ?? "steps";
    const life = this.#life;
    const time = this.#time;
    const { stepMs } = this.#pace;
    let handedOut = false;
    const next = async (): Promise<IteratorResult<number>> => {
      // Between two steps: so long took the one that is over.
      if (handedOut) await life.clock.sleep(stepMs);
      const result = await inner.next();
      life.requireAlive();
      handedOut = result.done !== true;
      if (result.done !== true) await life.reached("step", name, result.value);
      return result;
    };
    return {
      next: async () => {
        life.requireAlive();
        // Not by way of `call`: a crash at this step begins with the step, and not instead of it.
        return time.wait(next);
      },
      return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  forEach<Item, Result>(
    source: ItemSource<Item>,
    options: ForEachOptions<Item>,
    work: ItemWork<Item, Result>,
  ): Promise<ItemsSummary> {
    const played: ItemWork<Item, Result> = async (item, context) => {
      await this.#life.clock.sleep(this.#pace.itemMs);
      this.#life.requireAlive();
      await this.#life.reached("item", options.name ?? "items", context.index);
      return this.#time.act(() => work(item, context));
    };
    return this.#life.call(() => this.#inner.forEach(source, options, played));
  }

  results<Result = unknown>(name?: string): AsyncIterable<ItemOutcome<Result>> {
    this.#life.requireAlive();
    return this.#inner.results<Result>(name);
  }

  once<Result>(key: string, work: (context: OnceContext) => Promise<Result> | Result): Promise<Result> {
    return this.#life.call(() => this.#inner.once(key, (context) => this.#time.act(() => work(context))));
  }

  checkpoint(): Promise<string> {
    return this.#life.call(() => this.#inner.checkpoint());
  }

  progress(done: number, total?: number, unit?: string): void {
    this.#life.requireAlive();
    this.#inner.progress(done, total, unit);
  }

  leave(): Promise<never> {
    return this.#life.call(() => this.#inner.leave());
  }
}
