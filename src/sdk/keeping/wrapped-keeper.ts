import { type Clock, type JobName, SpotproofError, type Timer, reasonOf } from "../../base/index.ts";
import type { Progress } from "../../job/index.ts";
import type { Channel } from "./channel.ts";
import type { CommitRequest, Committed, Ending, Keeper, KeptLog, KeptParts, Loaded } from "./keeper.ts";
import { NO_RECORD } from "./no-record.ts";
import { RecordFolder } from "./record-folder.ts";

/** What a program under `spotproof run` works with. */
export interface WrappedKeeperParts {
  readonly clock: Clock;
  readonly channel: Channel;
  readonly job: JobName;
  readonly attempt: number;
  readonly token: string;
  /** The folder that `spotproof run` saves, restored. */
  readonly folder: string;
  readonly resumedFrom: string | undefined;
  readonly onTrouble: (message: string) => void;
}

/** Progress is told at most so often, the last one always. */
const PROGRESS_EVERY_MS = 250;

/** Keeps the record in the folder that `spotproof run` saves: claim, heartbeat, notices and the end are its business. */
export class WrappedKeeper implements Keeper {
  readonly #parts: WrappedKeeperParts;
  readonly #record: RecordFolder;
  readonly #fencedOut = new AbortController();
  #progress: Progress | undefined;
  #timer: Timer | undefined;
  #telling: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: WrappedKeeperParts) {
    this.#parts = parts;
    this.#record = new RecordFolder(parts.folder);
  }

  get job(): JobName {
    return this.#parts.job;
  }

  get attempt(): number {
    return this.#parts.attempt;
  }

  get token(): string {
    return this.#parts.token;
  }

  get fencedOut(): AbortSignal {
    return this.#fencedOut.signal;
  }

  get files(): string {
    return this.#parts.folder;
  }

  /** What lies in the folder was verified by whoever restored it: there is nothing to step back to. */
  async load<Value>(load: (parts: KeptParts) => Promise<Value>): Promise<Loaded<Value>> {
    const parts = await this.#record.open();
    const { resumedFrom } = this.#parts;
    if (parts === undefined && resumedFrom === undefined) return { kind: "none", damaged: 0 };
    const value = await load(parts ?? NO_RECORD);
    return { kind: "loaded", value, id: resumedFrom ?? "", progress: undefined };
  }

  openLog(name: string): KeptLog {
    return this.#record.openLog(name);
  }

  stream(name: string, from?: number): AsyncIterable<Buffer> {
    return this.#record.stream(name, from);
  }

  async commit(request: CommitRequest): Promise<Committed> {
    const { clock, channel } = this.#parts;
    const beganAtMs = clock.now();
    await this.#write(request);
    try {
      const id = await unlessAborted(request.signal, channel.checkpoint());
      return { id, durationMs: clock.now() - beganAtMs, storedBytes: 0 };
    } catch (error) {
      if (error instanceof SpotproofError && error.code === "fenced-out") this.#fencedOut.abort(error);
      throw error;
    }
  }

  /** A machine may be gone before two saves are over: that of the supervisor, after our end, will do. */
  async handOver(request: CommitRequest): Promise<boolean> {
    if (!(await this.#isSavedAtEnd())) return false;
    await this.#write(request);
    return true;
  }

  progress(progress: Progress): void {
    this.#progress = progress;
    this.#timer ??= this.#parts.clock.after(PROGRESS_EVERY_MS, () => {
      this.#timer = undefined;
      this.#tell();
    });
  }

  /** The exit status of the program says it; nothing more is to be recorded here. */
  end(_ending: Ending): Promise<"recorded"> {
    return Promise.resolve("recorded");
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#tell();
    await this.#telling;
  }

  async #isSavedAtEnd(): Promise<boolean> {
    try {
      return await this.#parts.channel.savesAtEnd();
    } catch (error) {
      this.#parts.onTrouble(`it is not known who saves at the end: ${reasonOf(error)}`);
      return false;
    }
  }

  /** One write of the record after the other. */
  #write(request: CommitRequest): Promise<void> {
    const write = (): Promise<void> => this.#record.write(request);
    const writing = this.#writing.then(write, write);
    this.#writing = writing;
    return writing;
  }

  #tell(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    this.#progress = undefined;
    const { channel, onTrouble } = this.#parts;
    this.#telling = this.#telling
      .then(() => channel.progress(progress))
      .catch((error: unknown) => onTrouble(`progress could not be told: ${reasonOf(error)}`));
  }
}

/** Gives up waiting for an answer: the supervisor has limits of its own for what it was asked to do. */
async function unlessAborted<Result>(
  signal: AbortSignal | undefined,
  answer: Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return answer;
  let giveUp = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp);
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
