import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { noteThread } from "../../base/index.ts";
import { lengthOf } from "../bytes-length.ts";
import type { StoreBytes } from "../store.ts";
import {
  type SmallAnswer,
  type SmallJob,
  type SmallOutcome,
  smallWriterText,
} from "./small-writer-program.ts";

// A small object is eight calls to the system. Each of them on its own way through the event loop and the pool costs more
// than the disk takes; in a thread of their own they follow each other at once, and this thread goes on meanwhile.

/** Larger ones are not worth a copy into the thread. */
const SMALL_BYTES = 128 * 1024;

type NewJob = SmallJob extends infer Job ? (Job extends SmallJob ? Omit<Job, "id"> : never) : never;

interface Answer {
  readonly outcome: SmallOutcome;
  readonly allAbsent: boolean;
}

const NOT_DONE: Answer = { outcome: "not-done", allAbsent: false };

/** Creates small objects in a thread. Where it cannot, the caller does it in the usual way. */
export class SmallWriter {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  /** So many are created in the usual way before there is a thread. */
  #left: number;
  #thread: Worker | undefined;
  #isOver = false;
  #lastId = 0;

  constructor(threadAfter: number) {
    this.#left = threadAfter;
  }

  /** Whether to ask `create`. */
  takes(bytes: StoreBytes): boolean {
    if (this.#isOver || lengthOf(bytes) > SMALL_BYTES) return false;
    if (this.#left === 0) this.#thread ??= this.#begin();
    else this.#left -= 1;
    return this.#thread !== undefined;
  }

  /** As `createAndLook` of the store; the folder of `path` has a durable name. */
  create(temporary: string, path: string, bytes: StoreBytes, absent: readonly string[]): Promise<Answer> {
    // A copy: the memory around small pieces is often that of others, and it all would go along.
    const own = new Uint8Array(lengthOf(bytes));
    let at = 0;
    for (const piece of bytes) {
      own.set(piece, at);
      at += piece.length;
    }
    const job = { kind: "create", bytes: own, temporary, path, folder: dirname(path), absent } as const;
    return this.#give(job, [own.buffer]);
  }

  /** Removes files, durably; `folders` are theirs. False when not all is done. */
  async removeAll(paths: readonly string[], folders: readonly string[]): Promise<boolean> {
    return (await this.#give({ kind: "remove", paths, folders }, [])).outcome === "removed";
  }

  /** Ends the thread. What it was doing may have been done. */
  close(): void {
    this.#end();
  }

  #give(job: NewJob, memory: ArrayBuffer[]): Promise<Answer> {
    const thread = this.#thread;
    if (thread === undefined) return Promise.resolve(NOT_DONE);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) thread.ref();
      this.#waiting.set(id, resolve);
      thread.postMessage({ ...job, id }, memory);
    });
  }

  #begin(): Worker {
    const thread = new Worker(smallWriterText(), { eval: true, execArgv: [], env: {} });
    const ended = noteThread();
    thread.on("message", (answer: SmallAnswer) => this.#settle(answer));
    // No memory for a thread, say: all goes on in the usual way.
    thread.on("error", () => this.#end());
    thread.on("exit", () => {
      ended();
      this.#end();
    });
    // A store at rest keeps no process alive.
    thread.unref();
    return thread;
  }

  #settle([id, outcome, allAbsent = false]: SmallAnswer): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#thread?.unref();
    resolve?.({ outcome, allAbsent });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of waiting) resolve(NOT_DONE);
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
