import type * as WorkerThreads from "node:worker_threads";
import { Worker } from "node:worker_threads";
import type { SqlRow, SqlStatement, SqlValue } from "../sql-executor.ts";
import type { SqliteDriver } from "./compat.ts";
import type { SqliteFailure } from "./sqlite-errors.ts";

/** What the worker is started with. */
export interface SqliteWorkerData {
  readonly driver: SqliteDriver;
  readonly path: string;
  readonly mode: "read" | "write" | "read-only";
  /** How long it waits for another writer, in ms. */
  readonly busyMs: number;
}

/** One transaction, or the end. */
export type SqliteRequest = { readonly id: number; readonly statements: readonly SqlStatement[] } | "close";

/** Its answer. `id` 0 tells that the database could not be opened. */
export type SqliteAnswer =
  | { readonly id: number; readonly results: readonly (readonly SqlRow[])[] }
  | { readonly id: number; readonly failure: SqliteFailure };

/** The parts of the two drivers that are used here; they agree on them. */
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    all(...values: SqlValue[]): SqlRow[];
    run(...values: SqlValue[]): unknown;
    readonly reader?: boolean;
  };
  close(): void;
}

type Load = (module: string) => unknown;
type Runner = (statements: readonly SqlStatement[]) => SqlRow[][];

// The program of the worker is the text of the four functions below: a file of its own would have another name in the
// sources, in Spotproof's bundle and in a bundle of a user's, and could not be TypeScript. So each of them uses nothing but
// its parameters and what Node.js has.

/** What went wrong, as it can be sent to another thread. */
function failureOf(error: unknown): SqliteFailure {
  const { message, code, errcode } = error as { message?: string; code?: string; errcode?: number };
  return { message: message ?? String(error), code, number: errcode };
}

/** Opens the database and sets how it commits. */
function openDatabase(load: Load, settings: SqliteWorkerData, toFailure: typeof failureOf): Database {
  const { driver, path, mode, busyMs } = settings;
  const connect = (): Database => {
    const loaded = load(driver.module);
    const readOnly = mode === "read-only";
    if (driver.kind === "node:sqlite") {
      const { DatabaseSync } = loaded as { DatabaseSync: new (path: string, options: object) => Database };
      return new DatabaseSync(path, { readOnly });
    }
    const BetterSqlite = loaded as new (path: string, options: object) => Database;
    return new BetterSqlite(path, { readonly: readOnly, fileMustExist: mode !== "write" });
  };
  const isBusy = (error: unknown): boolean => {
    const { code, number } = toFailure(error);
    return (number !== undefined && (number & 255) === 5) || code?.startsWith("SQLITE_BUSY") === true;
  };
  /** Of several that turn a new file into one with a write-ahead log at once, some are told "busy" without any wait. */
  const useWriteAheadLog = (database: Database): void => {
    const pauseMs = 20;
    const sleep = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; ; waitedMs += pauseMs) {
      try {
        const [row] = database.prepare("PRAGMA journal_mode = WAL").all();
        if (row?.["journal_mode"] === "wal") return;
        throw new Error(`there is no write-ahead log here (journal_mode ${String(row?.["journal_mode"])})`);
      } catch (error) {
        if (!isBusy(error) || waitedMs >= busyMs) throw error;
      }
      Atomics.wait(sleep, 0, 0, pauseMs);
    }
  };
  const database = connect();
  database.exec(`PRAGMA busy_timeout = ${busyMs}`);
  // A commit is answered when it is on the disk; on a Mac that takes another call than fsync.
  database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
  if (mode === "write") useWriteAheadLog(database);
  // After a large checkpoint of a job the log gives its room back.
  database.exec("PRAGMA journal_size_limit = 67108864");
  return database;
}

/** Gives what runs a list of statements in one transaction. */
function createRunner(database: Database): Runner {
  const prepared = new Map<string, ReturnType<Database["prepare"]>>();
  const runOne = ({ text, values }: SqlStatement): SqlRow[] => {
    let statement = prepared.get(text);
    if (statement === undefined) {
      statement = database.prepare(text.replaceAll(/\$\d+/g, "?"));
      prepared.set(text, statement);
    }
    const inOrder = (text.match(/\$\d+/g) ?? []).map((name) => values[Number(name.slice(1)) - 1] ?? null);
    if (statement.reader !== false) return statement.all(...inOrder);
    statement.run(...inOrder);
    return [];
  };
  const rollBack = (): void => {
    try {
      database.exec("ROLLBACK");
    } catch (error) {
      // After some errors SQLite has rolled back by itself. Otherwise nobody knows what this connection is in the middle
      // of: the thread ends, and with it the connection.
      if (!String(error).includes("no transaction is active")) process.exit(1);
    }
  };
  return (statements) => {
    const [only] = statements;
    if (statements.length === 1 && only !== undefined) return [runOne(only)];
    database.exec("BEGIN IMMEDIATE");
    try {
      const results = statements.map((statement) => runOne(statement));
      database.exec("COMMIT");
      return results;
    } catch (error) {
      rollBack();
      throw error;
    }
  };
}

/** Opens the database and answers requests, one after the other. */
function serve(
  load: Load,
  open: typeof openDatabase,
  toRunner: typeof createRunner,
  toFailure: typeof failureOf,
): void {
  const { parentPort, workerData } = load("node:worker_threads") as typeof WorkerThreads;
  // Node 22 calls its SQLite experimental on the standard error stream, between the lines of the job.
  process.emitWarning = () => undefined;
  const answer = (message: SqliteAnswer): void => parentPort?.postMessage(message, []);
  let database: Database;
  try {
    database = open(load, workerData as SqliteWorkerData, toFailure);
  } catch (error) {
    answer({ id: 0, failure: toFailure(error) });
    return;
  }
  const run = toRunner(database);
  parentPort?.on("message", (request: SqliteRequest) => {
    if (request === "close") {
      database.close();
      parentPort.close();
      return;
    }
    try {
      answer({ id: request.id, results: run(request.statements) });
    } catch (error) {
      answer({ id: request.id, failure: toFailure(error) });
    }
  });
}

/** Starts the worker. */
export function startSqliteWorker(workerData: SqliteWorkerData): Worker {
  const parts = [openDatabase, createRunner, failureOf].map(String).join(", ");
  // Bundlers that keep the names of functions put calls of "__name" into them, which are not there on the other side.
  const source = `var __name = (named) => named; (${String(serve)})(require, ${parts})`;
  return new Worker(source, { eval: true, workerData, execArgv: [], name: "spotproof-sqlite" });
}
