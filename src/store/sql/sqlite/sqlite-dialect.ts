import type { NewObject, SqlDialect, SqlStatement, SqlTables, SqlValue } from "../sql-executor.ts";

// SQLite has one writer at a time and no WITH clause that changes rows: a write is a few statements, which the worker runs
// in one go without asking this thread anything in between.

const TABLES: SqlTables = {
  objects: "spotproof_objects",
  parts: "spotproof_parts",
  migrations: "spotproof_migrations",
};

/** The dialect of SQLite, 3.35 or newer. */
export const SQLITE_DIALECT: SqlDialect = {
  tables: TABLES,
  position: "instr",
  createInParts,
  replace,
  remove: (store, key) => [removeParts(store, key), removeObject(store, key)],
  findMigrations: statement(
    "SELECT max(name) AS there FROM sqlite_master WHERE type = 'table' AND name = $1",
    [TABLES.migrations],
  ),
  beginMigration: [
    statement(
      `CREATE TABLE IF NOT EXISTS ${TABLES.migrations} (
        version INTEGER PRIMARY KEY, reached_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
    ),
  ],
  migrations: [
    [
      // The value comes last: a listing reads the beginning of a row, not the pages that its value goes on in.
      `CREATE TABLE ${TABLES.objects} (
        store TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, parts TEXT, value BLOB,
        PRIMARY KEY (store, key))`,
      `CREATE TABLE ${TABLES.parts} (
        id TEXT NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (id, number))`,
    ],
  ],
};

function createInParts(object: NewObject): readonly SqlStatement[] {
  const { store, key, sizeBytes, id } = object;
  const insert = `INSERT INTO ${TABLES.objects} (store, key, size, parts) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1 AS written`;
  // When the key was taken, the object there has other parts than these, and none is inserted.
  const keep = `INSERT INTO ${TABLES.parts} (id, number, bytes) SELECT $1, $2, $3
    WHERE EXISTS (SELECT 1 FROM ${TABLES.objects} WHERE store = $4 AND key = $5 AND parts = $1)`;
  return [
    statement(insert, [store, key, sizeBytes, id]),
    ...object.parts.map((bytes, number) => statement(keep, [id, number, bytes, store, key])),
  ];
}

function replace(object: NewObject): readonly SqlStatement[] {
  const { store, key, sizeBytes, id, value } = object;
  const upsert = `INSERT INTO ${TABLES.objects} (store, key, size, parts, value) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (store, key) DO UPDATE SET size = excluded.size, parts = excluded.parts, value = excluded.value`;
  const keep = `INSERT INTO ${TABLES.parts} (id, number, bytes) VALUES ($1, $2, $3)`;
  return [
    removeParts(store, key),
    statement(upsert, [store, key, sizeBytes, id, value]),
    ...object.parts.map((bytes, number) => statement(keep, [id, number, bytes])),
  ];
}

function removeParts(store: string, key: string): SqlStatement {
  return statement(
    `DELETE FROM ${TABLES.parts} WHERE id = (SELECT parts FROM ${TABLES.objects} WHERE store = $1 AND key = $2)`,
    [store, key],
  );
}

function removeObject(store: string, key: string): SqlStatement {
  return statement(`DELETE FROM ${TABLES.objects} WHERE store = $1 AND key = $2`, [store, key]);
}

function statement(text: string, values: readonly SqlValue[] = []): SqlStatement {
  return { text, values };
}
