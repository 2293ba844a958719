import type { Clock, Random } from "../../base/index.ts";

/** An append-only part of the job's record, as the job hands it to whoever keeps items in it. */
export interface RecordLog {
  /** Bytes that earlier attempts have left in it. All of them are whole appends. */
  readonly restoredBytes: number;
  /** What is durable in it (restored, and committed since), in order and verified, from the byte `from` on. */
  read(from?: number): AsyncIterable<Buffer>;
  /** Adds bytes to the next commit, all or nothing: an append is never torn. They must not change afterwards. */
  append(bytes: Uint8Array): void;
}

/** Whether the job is to leave this machine, and how much time there is for it. */
export interface LeaveWatch {
  /** Aborts when the job is to leave: an interruption, a stop, a later attempt. `reason` is the error to end with. */
  readonly signal: AbortSignal;
  /** Aborts when what still runs has to be given up, so that there is time for the last save; with the same reason. */
  readonly timeUp: AbortSignal;
}

/** What lists of items need of the job that they belong to. */
export interface ItemsHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly jobName: string;
  readonly leave: LeaveWatch;
  /**
   * The log with this name (`a-z A-Z 0-9 . _ -`). A name can be opened once in a life.
   * @throws SpotproofError `bad-usage` when it is open already
   */
  openLog(name: string): RecordLog;
  /** The log with this name for reading only: what is durable in it. Undefined when there is none. */
  readLog(name: string): RecordLog | undefined;
  /**
   * Resolves when everything that was appended before the call is durable; calls that come together share a commit.
   * Rejects with `fenced-out` after a later claim, and with what the store says when it cannot be written for good.
   */
  commit(): Promise<void>;
  /**
   * When the job is to leave: puts what was appended where somebody else makes it durable after the end of the program, even while a
   * commit is under way. False when nobody would, which is so without this.
   */
  readonly handOver?: (() => Promise<boolean>) | undefined;
  /**
   * False while the record may only be committed at the end of a step, together with the state that the step changes: then
   * `commit` is not to be called, what was appended goes with the step's own checkpoint.
   */
  readonly commitsFreely: boolean;
  /** For people: one line of the log. */
  tell(level: "info" | "warn", kind: string, text: string): void;
  /** How far the job is. */
  progress(done: number, total?: number, unit?: string): void;
}
