import type { CallOptions } from "../store.ts";

/** A value in a statement, or of a column. */
export type SqlValue = string | number | Uint8Array | null;

/** One statement. `$1`, `$2` … stand for `values`, in every dialect. */
export interface SqlStatement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** One row, by the names of its columns. What a number or a truth looks like depends on the driver. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** One object as the tables hold it: either `value`, or `parts` under the name `id`. */
export interface NewObject {
  /** Which of the stores in these tables. */
  readonly store: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly value: Uint8Array | null;
  /** Random, never used twice; null when there are no parts. */
  readonly id: string | null;
  readonly parts: readonly Uint8Array[];
}

/** The names of the tables, ready to be put into a statement. */
export interface SqlTables {
  readonly objects: string;
  readonly parts: string;
  /** One row for each version of the tables that was reached. */
  readonly migrations: string;
}

/** Where databases differ. Lists of statements are run together, all or nothing; the first one's rows count. */
export interface SqlDialect {
  readonly tables: SqlTables;
  /** The function that tells where in its first argument the second begins, from 1; 0 when it is not there. */
  readonly position: "strpos" | "instr";
  /** One row when the key was free, none when it was taken: nothing is written then. For objects in parts. */
  createInParts(object: NewObject): readonly SqlStatement[];
  /** Writes the object, and removes the parts of what was there. */
  replace(object: NewObject): readonly SqlStatement[];
  /** Removes the object and its parts. */
  remove(store: string, key: string): readonly SqlStatement[];
  /** One row with a column `there`, null when the table of migrations is absent. */
  readonly findMigrations: SqlStatement;
  /** What begins a migration: keeps others out until its end, and makes the table of migrations when it is absent. */
  readonly beginMigration: readonly SqlStatement[];
  /** `migrations[n]` makes version n + 1 of the tables out of version n. */
  readonly migrations: readonly (readonly string[])[];
}

/** What `run` takes. */
export interface RunOptions extends CallOptions {
  /** Moves many bytes, and need not be done before what does not. Default false. */
  readonly isBulk?: boolean | undefined;
}

/** A connection, or several, to one database. */
export interface SqlExecutor {
  /** For messages: the kind and the place, without secrets. */
  readonly description: string;
  readonly dialect: SqlDialect;
  /**
   * Runs the statements in one transaction; resolves with the rows of each when it is durable. Bytes among the values
   * are handed over: the caller may not use them afterwards. A transaction that was given up, or whose answer was lost,
   * may have taken place.
   * @throws SpotproofError `store-unreachable`, `store-not-writable`, `store-full`, `record-damaged`, `bad-usage` (only
   * before anything has ever succeeded), or the signal's reason
   */
  run(statements: readonly SqlStatement[], options?: RunOptions): Promise<readonly (readonly SqlRow[])[]>;
  /** Lets go of everything. Nothing may be called afterwards. */
  close(): Promise<void>;
}
