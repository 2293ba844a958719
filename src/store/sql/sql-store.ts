import { requireKey, requirePrefix } from "../key-rules.ts";
import type { CallOptions, ReadOptions, Store, StoreBytes, StoreKey, StoredObject } from "../store.ts";
import { bytesOfRows, newObject, partsOf, substringOf } from "./object-parts.ts";
import type { RunOptions, SqlExecutor, SqlRow, SqlStatement } from "./sql-executor.ts";
import {
  createStatement,
  foldersStatement,
  listStatement,
  orphansStatement,
  readStatement,
} from "./statements.ts";

// A store in two tables of a database.
//   Q1. Every call is one transaction, begun when all of its bytes are at hand: nobody waits for another's upload.
//   Q2. Of racing creators one inserts the row: the primary key decides, and the others wait for its commit.
//   Q3. A read is one statement, so it sees the database at one moment.
//   Q4. The name of a set of parts is random and never used again, so that parts without an object may be removed at
//       any time: nobody will ever refer to them.

/** A store in a database. */
export class SqlStore implements Store {
  readonly description: string;
  readonly #executor: SqlExecutor;
  readonly #store: string;

  /** `store` tells this one from others in the same tables. The tables must exist (`migrate`). */
  constructor(executor: SqlExecutor, store: string) {
    this.#executor = executor;
    this.#store = store;
    this.description = executor.description;
  }

  async create(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<"created" | "exists"> {
    requireKey(key);
    options?.signal?.throwIfAborted();
    const { dialect } = this.#executor;
    const object = newObject(this.#store, key, bytes);
    const rows = await this.#run(
      object.id === null ? [createStatement(dialect, object)] : dialect.createInParts(object),
      { ...options, isBulk: object.id !== null },
    );
    return rows.length > 0 ? "created" : "exists";
  }

  async replace(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<void> {
    requireKey(key);
    options?.signal?.throwIfAborted();
    const object = newObject(this.#store, key, bytes);
    await this.#run(this.#executor.dialect.replace(object), { ...options, isBulk: object.id !== null });
  }

  async read(key: StoreKey, options?: ReadOptions): Promise<Buffer | undefined> {
    requireKey(key);
    const parts = partsOf(options?.range);
    const statement = readStatement(
      this.#executor.dialect,
      { store: this.#store, key },
      parts,
      substringOf(options?.range),
    );
    // Records are read as a whole, packs by ranges.
    const rows = await this.#run([statement], { ...options, isBulk: options?.range !== undefined });
    return rows.length === 0 ? undefined : bytesOfRows(rows, parts, options?.into);
  }

  async list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]> {
    requirePrefix(prefix);
    const rows = await this.#run([listStatement(this.#executor.dialect, this.#store, prefix)], options);
    return rows.map((row) => ({ key: String(row["key"]), sizeBytes: Number(row["size"]) }));
  }

  async listFolders(prefix: string, options?: CallOptions): Promise<readonly string[]> {
    requirePrefix(prefix);
    const rows = await this.#run([foldersStatement(this.#executor.dialect, this.#store, prefix)], options);
    const rests = rows.map((row) => String(row["key"]).slice(prefix.length));
    // The order of the keys is another one: "b-c/1" comes before "b/1".
    return rests.flatMap((rest) => (rest.includes("/") ? [rest.slice(0, rest.indexOf("/"))] : [])).sort();
  }

  async remove(key: StoreKey, options?: CallOptions): Promise<void> {
    requireKey(key);
    await this.#run(this.#executor.dialect.remove(this.#store, key), options);
  }

  /** Removes parts that no object refers to: what writers leave that replace one large object at the same time. */
  async sweep(options?: CallOptions): Promise<number> {
    const rows = await this.#run([orphansStatement(this.#executor.dialect)], options);
    return new Set(rows.map((row) => row["id"])).size;
  }

  async #run(
    statements: readonly SqlStatement[],
    options: RunOptions | undefined,
  ): Promise<readonly SqlRow[]> {
    const [rows = []] = await this.#executor.run(statements, options);
    return rows;
  }
}
