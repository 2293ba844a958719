import type { Worker } from "node:worker_threads";
import { SpotproofError, systemClock } from "../../../base/index.ts";
import { abortable } from "../../abortable.ts";
import type { RunOptions, SqlExecutor, SqlRow, SqlStatement } from "../sql-executor.ts";
import { SQLITE_DIALECT } from "./sqlite-dialect.ts";
import { asSqliteError } from "./sqlite-errors.ts";
import { type SqliteAnswer, type SqliteWorkerData, startSqliteWorker } from "./sqlite-worker.ts";

/** How long the last words to the database may take. Everything that was answered is durable without them. */
const CLOSE_MS = 5_000;

type Rows = readonly (readonly SqlRow[])[];

interface Waiting {
  readonly statements: readonly SqlStatement[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The executor of a file of SQLite: a thread of its own does one transaction after the other, so that neither a lock nor a
 * slow disk stops this one. A transaction that has begun is never given up; what waits behind it may be.
 */
export class SqliteExecutor implements SqlExecutor {
  readonly description: string;
  readonly dialect = SQLITE_DIALECT;
  readonly #data: SqliteWorkerData;
  #worker: Worker | undefined;
  #lastId = 0;
  #current: Waiting | undefined;
  readonly #small: Waiting[] = [];
  readonly #bulk: Waiting[] = [];

  constructor(data: SqliteWorkerData) {
    this.#data = data;
    this.description = `sqlite ${data.path}`;
  }

  run(statements: readonly SqlStatement[], { signal, isBulk = false }: RunOptions = {}): Promise<Rows> {
    return abortable(
      signal,
      () =>
        new Promise<Rows>((resolve, reject) => {
          (isBulk ? this.#bulk : this.#small).push({ statements, signal, resolve, reject });
          this.#next();
        }),
    );
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.postMessage("close", []);
    const waited = new AbortController();
    await Promise.race([ended, systemClock.sleep(CLOSE_MS, waited.signal)]);
    waited.abort();
    // A thread that hangs in its disk cannot be ended, but need not keep the process alive.
    worker.unref();
  }

  /** Hands the next transaction that somebody still waits for to the worker, when it is idle. */
  #next(): void {
    if (this.#current !== undefined) return;
    let next = this.#waiting();
    while (next?.signal?.aborted === true) next = this.#waiting();
    if (next === undefined) {
      // A store at rest keeps no process alive.
      this.#worker?.unref();
      return;
    }
    this.#current = next;
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#lastId += 1;
    const memory = next.statements.flatMap(({ values }) =>
      values.flatMap((value) => (value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [])),
    );
    this.#worker.postMessage({ id: this.#lastId, statements: next.statements }, [...new Set(memory)]);
  }

  /** A heartbeat does not wait for packs. */
  #waiting(): Waiting | undefined {
    return this.#small.shift() ?? this.#bulk.shift();
  }

  #start(): Worker {
    const worker = startSqliteWorker(this.#data);
    let reason = "its thread has ended";
    worker.on("message", (answer: SqliteAnswer) => this.#settle(answer));
    worker.on("error", (error: Error) => {
      reason = error.message;
    });
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(reason);
    });
    return worker;
  }

  #settle(answer: SqliteAnswer): void {
    const current = this.#current;
    this.#current = undefined;
    if ("results" in answer) current?.resolve(answer.results);
    else current?.reject(asSqliteError(answer.failure, this.description));
    // A worker that could not open the database ends by itself; the next transaction begins with a new one.
    if (answer.id === 0) this.#worker = undefined;
    this.#next();
  }

  /** The thread is gone: what it was doing may have been done. */
  #fail(reason: string): void {
    const current = this.#current;
    this.#current = undefined;
    current?.reject(new SpotproofError("store-unreachable", `${this.description}: ${reason}.`));
    this.#next();
  }
}
