import { type Clock, SpotproofError, seededRandom } from "../../base/index.ts";
import type { ItemsHost, RecordLog } from "./items-host.ts";

/** The durable part of a job, which outlives its lives: for each log the bytes that are committed. */
export type Shelf = Map<string, Buffer[]>;

/** What happens to a commit, before and after its bytes are durable; either may throw, or never come back. */
export interface CommitTrouble {
  readonly before?: (commit: number) => Promise<void> | void;
  readonly after?: (commit: number) => Promise<void> | void;
}

/** A line of the log, as `tell` is given it. */
export interface ToldLine {
  readonly level: string;
  readonly kind: string;
  readonly text: string;
}

interface Pending {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One life of a job whose record is in memory. */
export class FakeHost implements ItemsHost {
  readonly clock: Clock;
  readonly random = seededRandom(1);
  readonly jobName: string;
  readonly leave: { readonly signal: AbortSignal; readonly timeUp: AbortSignal };
  readonly told: ToldLine[] = [];
  readonly progressCalls: { done: number; total: number | undefined }[] = [];
  commitsFreely = true;
  /** Commits that were begun. */
  commits = 0;
  appends = 0;
  readonly #leaving = new AbortController();
  readonly #timeUp = new AbortController();
  readonly #shelf: Shelf;
  readonly #trouble: CommitTrouble;
  readonly #open = new Set<string>();
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(clock: Clock, shelf: Shelf = new Map(), trouble: CommitTrouble = {}, jobName = "job") {
    this.clock = clock;
    this.jobName = jobName;
    this.#shelf = shelf;
    this.#trouble = trouble;
    this.leave = { signal: this.#leaving.signal, timeUp: this.#timeUp.signal };
  }

  /** The job is to leave: at first no new item may begin, then there is no time left. */
  leaveNow(reason: unknown): void {
    this.#leaving.abort(reason);
  }

  timeIsUp(): void {
    this.#timeUp.abort(this.#leaving.signal.reason);
  }

  openLog(name: string): RecordLog {
    if (this.#open.has(name)) throw new SpotproofError("bad-usage", `The log ${name} is open already.`);
    this.#open.add(name);
    return this.#logOf(name);
  }

  readLog(name: string): RecordLog | undefined {
    return this.#shelf.has(name) ? this.#logOf(name) : undefined;
  }

  commit(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  tell(level: "info" | "warn", kind: string, text: string): void {
    this.told.push({ level, kind, text });
  }

  progress(done: number, total?: number): void {
    this.progressCalls.push({ done, total });
  }

  #logOf(name: string): RecordLog {
    const shelf = this.#shelf;
    return {
      restoredBytes: (shelf.get(name) ?? []).reduce((sum, piece) => sum + piece.length, 0),
      async *read(from = 0) {
        const bytes = Buffer.concat(shelf.get(name) ?? []).subarray(from);
        for (let at = 0; at < bytes.length; at += 1_000_003) yield bytes.subarray(at, at + 1_000_003);
      },
      append: (bytes) => {
        this.appends += 1;
        this.#pending.push({ name, bytes });
      },
    };
  }

  #start(): Promise<void> {
    const running = this.#commit().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #commit(): Promise<void> {
    this.commits += 1;
    const { commits } = this;
    const taken = this.#pending;
    this.#pending = [];
    await this.#trouble.before?.(commits);
    await Promise.resolve();
    for (const name of new Set(taken.map((pending) => pending.name))) {
      const bytes = Buffer.concat(taken.filter((pending) => pending.name === name).map(({ bytes }) => bytes));
      this.#shelf.set(name, [...(this.#shelf.get(name) ?? []), bytes]);
    }
    await this.#trouble.after?.(commits);
  }
}
