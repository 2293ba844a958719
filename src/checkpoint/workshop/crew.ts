import crypto from "node:crypto";
import * as fs from "node:fs";
import { Worker } from "node:worker_threads";
import { SpotproofError, noteThread } from "../../base/index.ts";
import {
  type JobPerformer,
  type WorkerAnswer,
  type WorkerJob,
  makeJobPerformer,
  workerText,
} from "./worker-program.ts";

/** A job that has no number yet. */
export type NewJob = WorkerJob extends infer Job ? (Job extends WorkerJob ? Omit<Job, "id"> : never) : never;

interface Waiting {
  readonly job: WorkerJob;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Some workers, and the jobs that were given to them. Where workers cannot be had (a limit on threads, no memory) or end,
 * the jobs are done on this thread: slower, and just as right.
 */
export class Crew {
  readonly #workers: readonly { readonly thread: Worker; jobs: number }[];
  readonly #waiting = new Map<number, Waiting>();
  /** The memory that it works in. */
  readonly buffer: ArrayBufferLike;
  readonly #performHere: JobPerformer;
  #lastId = 0;
  #state: "at work" | "without workers" | "closed" = "at work";

  /** `text` is the program of its workers. */
  constructor(buffer: ArrayBufferLike, workers: number, text: string = workerText()) {
    this.buffer = buffer;
    const modules: Readonly<Record<string, unknown>> = { "node:crypto": crypto, "node:fs": fs };
    this.#performHere = makeJobPerformer((name) => modules[name], buffer);
    this.#workers = Array.from({ length: workers }, () => ({ thread: this.#start(buffer, text), jobs: 0 }));
  }

  /** Has a job done by the worker that has the least to do. */
  async give(job: NewJob): Promise<WorkerAnswer> {
    this.#lastId += 1;
    const numbered = { ...job, id: this.#lastId };
    if (this.#state === "closed") throw closed();
    if (this.#state === "without workers") return this.#performHere(numbered);
    const worker = this.#workers.reduce((least, one) => (one.jobs < least.jobs ? one : least));
    worker.jobs += 1;
    try {
      return await new Promise<WorkerAnswer>((resolve, reject) => {
        this.#waiting.set(numbered.id, { job: numbered, resolve, reject });
        worker.thread.postMessage(numbered, []);
      });
    } finally {
      worker.jobs -= 1;
      this.#waiting.delete(numbered.id);
    }
  }

  /** Ends the workers. Jobs that are under way reject. */
  close(): void {
    this.#state = "closed";
    for (const { reject } of this.#waiting.values()) reject(closed());
    this.#endWorkers();
  }

  #start(buffer: ArrayBufferLike, text: string): Worker {
    const thread = new Worker(text, {
      eval: true,
      workerData: { buffer },
      // Options and variables of the main program, such as a debugger's port or a loader, are not for it.
      execArgv: [],
      env: {},
    });
    const ended = noteThread();
    thread.on("message", (answer: WorkerAnswer) => this.#waiting.get(answer.id)?.resolve(answer));
    thread.on("error", () => this.#goOnWithout());
    thread.on("exit", ended);
    return thread;
  }

  #goOnWithout(): void {
    if (this.#state !== "at work") return;
    this.#state = "without workers";
    this.#endWorkers();
    for (const { job, resolve, reject } of this.#waiting.values()) {
      try {
        resolve(this.#performHere(job));
      } catch (error) {
        reject(error);
      }
    }
  }

  #endWorkers(): void {
    // Not awaited: one that hangs in a call to the system ends when that does, or with the process.
    for (const { thread } of this.#workers) void thread.terminate();
  }
}

const closed = (): SpotproofError =>
  new SpotproofError("internal", "A workshop was closed while it was in use.");
