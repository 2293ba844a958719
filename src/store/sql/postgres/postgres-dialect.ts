import type { NewObject, SqlDialect, SqlStatement, SqlTables, SqlValue } from "../sql-executor.ts";

// A WITH clause of PostgreSQL may change rows, so every write here is one statement: the server has all of its bytes
// before it takes a lock, and a client that vanishes or stands still in the middle leaves no transaction behind.

/** Any number that others do not lock: "spotproo" in ASCII, of which the key of an advisory lock has 63 bits. */
const MIGRATION_LOCK = "8317144037187018607";

/** The dialect of PostgreSQL, for tables in `schema`, which must be an identifier without quotes. */
export function postgresDialect(schema: string): SqlDialect {
  const table = (name: string): string => `"${schema}".spotproof_${name}`;
  const tables: SqlTables = {
    objects: table("objects"),
    parts: table("parts"),
    migrations: table("migrations"),
  };
  return {
    tables,
    position: "strpos",
    createInParts: (object) => [createInParts(tables, object)],
    replace: (object) => [replace(tables, object)],
    remove: (store, key) => [remove(tables, store, key)],
    findMigrations: { text: "SELECT to_regclass($1) AS there", values: [tables.migrations] },
    beginMigration: beginMigration(tables, schema),
    migrations: [firstTables(tables)],
  };
}

function createInParts(tables: SqlTables, object: NewObject): SqlStatement {
  const values: SqlValue[] = [object.store, object.key, object.sizeBytes, object.id];
  return {
    text: `WITH written AS (
        INSERT INTO ${tables.objects} (store, key, size, parts) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING parts
      ), kept AS (
        INSERT INTO ${tables.parts} (id, number, bytes)
        SELECT written.parts, part.number, part.bytes FROM written, ${partRows(object, values)}
      ) SELECT 1 AS written FROM written`,
    values,
  };
}

function replace(tables: SqlTables, object: NewObject): SqlStatement {
  const values: SqlValue[] = [object.store, object.key, object.sizeBytes, object.id, object.value];
  const kept =
    object.parts.length === 0
      ? ""
      : `, kept AS (
        INSERT INTO ${tables.parts} (id, number, bytes)
        SELECT $4, part.number, part.bytes FROM ${partRows(object, values)})`;
  return {
    text: `WITH old AS (
        SELECT parts FROM ${tables.objects} WHERE store = $1 AND key = $2 AND parts IS NOT NULL
      ), removed AS (
        DELETE FROM ${tables.parts} p USING old WHERE p.id = old.parts
      )${kept}
      INSERT INTO ${tables.objects} (store, key, size, parts, value) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (store, key) DO UPDATE SET size = excluded.size, parts = excluded.parts, value = excluded.value`,
    values,
  };
}

/** The parts as rows `part(number, bytes)`; adds their bytes to the values. */
function partRows(object: NewObject, values: SqlValue[]): string {
  const rows = object.parts.map((bytes, number) => {
    values.push(bytes);
    return `(${number}, CAST($${values.length} AS bytea))`;
  });
  return `(VALUES ${rows.join(", ")}) AS part(number, bytes)`;
}

function remove(tables: SqlTables, store: string, key: string): SqlStatement {
  return {
    text: `WITH gone AS (DELETE FROM ${tables.objects} WHERE store = $1 AND key = $2 RETURNING parts)
      DELETE FROM ${tables.parts} p USING gone WHERE p.id = gone.parts`,
    values: [store, key],
  };
}

function beginMigration(tables: SqlTables, schema: string): readonly SqlStatement[] {
  const statements = [
    `SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`,
    // CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even where there is nothing to create.
    `DO $do$ BEGIN IF to_regnamespace('"${schema}"') IS NULL THEN CREATE SCHEMA "${schema}"; END IF; END $do$`,
    `CREATE TABLE IF NOT EXISTS ${tables.migrations} (
      version integer PRIMARY KEY, reached_at timestamptz NOT NULL DEFAULT now())`,
  ];
  return statements.map((text) => ({ text, values: [] }));
}

/** Version 1. EXTERNAL: packs are compressed already, and a range of an uncompressed value is read without the rest. */
function firstTables(tables: SqlTables): readonly string[] {
  return [
    `CREATE TABLE ${tables.objects} (
      store text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      size bigint NOT NULL,
      parts text COLLATE "C",
      value bytea,
      PRIMARY KEY (store, key))`,
    `ALTER TABLE ${tables.objects} ALTER COLUMN value SET STORAGE EXTERNAL`,
    `CREATE TABLE ${tables.parts} (
      id text COLLATE "C" NOT NULL,
      number integer NOT NULL,
      bytes bytea NOT NULL,
      PRIMARY KEY (id, number))`,
    `ALTER TABLE ${tables.parts} ALTER COLUMN bytes SET STORAGE EXTERNAL`,
  ];
}
