import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { noteThread } from "../../base/index.ts";
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
/** So many small ones are created in the usual way before there is a thread: most programs never come to it. */
const FIRST_ONES = 32;

type NewJob = SmallJob extends infer Job ? (Job extends SmallJob ? Omit<Job, "id"> : never) : never;

/** Creates small objects in a thread. Where it cannot, the caller does it in the usual way. */
export class SmallWriter {
  readonly #waiting = new Map<number, (outcome: SmallOutcome) => void>();
  #thread: Worker | undefined;
  #state: "counting" | "at work" | "over" = "counting";
  #created = 0;
  #lastId = 0;

  /** Whether to ask `create`. */
  takes(bytes: StoreBytes): boolean {
    if (this.#state === "over") return false;
    if (bytes.reduce((sum, piece) => sum + piece.byteLength, 0) > SMALL_BYTES) return false;
    if (this.#state === "at work") return true;
    this.#created += 1;
    if (this.#created > FIRST_ONES) this.#begin();
    return false;
  }

  /** Whether to ask `isAbsent`. */
  get looks(): boolean {
    return this.#state === "at work";
  }

  /** As `create` of the store; the folder of `path` has a durable name. */
  create(
    temporary: string,
    path: string,
    bytes: StoreBytes,
  ): Promise<Extract<SmallOutcome, "created" | "exists" | "named" | "not-done">> {
    // A copy: the memory around small pieces is often that of others, and it all would go along.
    const own = Uint8Array.from(bytes.length === 1 ? (bytes[0] as Uint8Array) : Buffer.concat(bytes));
    const job = { kind: "create", bytes: own, temporary, path, folder: dirname(path) } as const;
    return this.#give(job, [own.buffer]) as ReturnType<SmallWriter["create"]>;
  }

  /** Whether there is no such file. False when it is there, or cannot be looked at. */
  async isAbsent(path: string): Promise<boolean> {
    return (await this.#give({ kind: "look", path }, [])) === "absent";
  }

  /** Ends the thread. What it was doing may have been done. */
  close(): void {
    this.#end();
  }

  #give(job: NewJob, memory: ArrayBuffer[]): Promise<SmallOutcome> {
    const thread = this.#thread;
    if (thread === undefined) return Promise.resolve("not-done");
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) thread.ref();
      this.#waiting.set(id, resolve);
      thread.postMessage({ ...job, id }, memory);
    });
  }

  #begin(): void {
    const thread = new Worker(smallWriterText(), { eval: true, execArgv: [], env: {} });
    const ended = noteThread();
    thread.on("message", ([id, outcome]: SmallAnswer) => this.#settle(id, outcome));
    // No memory for a thread, say: all goes on in the usual way.
    thread.on("error", () => this.#end());
    thread.on("exit", () => {
      ended();
      this.#end();
    });
    thread.on("online", () => {
      if (this.#state === "counting") this.#state = "at work";
    });
    // A store at rest keeps no process alive.
    thread.unref();
    this.#thread = thread;
    this.#created = Number.NEGATIVE_INFINITY;
  }

  #settle(id: number, outcome: SmallOutcome): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#thread?.unref();
    resolve?.(outcome);
  }

  #end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of waiting) resolve("not-done");
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
