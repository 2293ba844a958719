import { type PartRange, PART_BYTES } from "./object-parts.ts";
import type { NewObject, SqlDialect, SqlStatement } from "./sql-executor.ts";

// The statements that are the same in every dialect. Keys compare byte by byte (the tables see to it).

/** One row when the key was free. For objects without parts. */
export function createStatement({ tables }: SqlDialect, object: NewObject): SqlStatement {
  return {
    text: `INSERT INTO ${tables.objects} (store, key, size, value) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1 AS written`,
    values: [object.store, object.key, object.sizeBytes, object.value],
  };
}

/** The row of an object, once for each of its parts that is asked for, or once when there are none. */
export function readStatement(
  { tables }: SqlDialect,
  place: { readonly store: string; readonly key: string },
  parts: PartRange,
  substring: { readonly start: number; readonly length: number },
): SqlStatement {
  const start = "CASE WHEN p.number = CAST($3 AS integer) THEN CAST($5 AS integer) ELSE 1 END";
  const stop = `CASE WHEN p.number = CAST($4 AS integer) THEN CAST($6 AS integer) ELSE ${PART_BYTES + 1} END`;
  return {
    text: `SELECT substr(o.value, CAST($7 AS integer), CAST($8 AS integer)) AS value, p.number AS number,
      substr(p.bytes, ${start}, (${stop}) - (${start})) AS bytes
      FROM ${tables.objects} o LEFT JOIN ${tables.parts} p
        ON p.id = o.parts AND p.number >= CAST($3 AS integer) AND p.number <= CAST($4 AS integer)
      WHERE o.store = $1 AND o.key = $2 ORDER BY p.number`,
    values: [
      place.store,
      place.key,
      parts.first,
      parts.last,
      parts.start,
      parts.stop,
      substring.start,
      substring.length,
    ],
  };
}

/** Keys and sizes below a prefix, ascending. */
export function listStatement({ tables }: SqlDialect, store: string, prefix: string): SqlStatement {
  return {
    text: `SELECT key, size FROM ${tables.objects} WHERE store = $1 AND key >= $2 AND key < $3 ORDER BY key`,
    values: [store, prefix, endOf(prefix)],
  };
}

/**
 * The first key below each next segment, and every key directly below the prefix. Goes from one to the next through the
 * index, so the thousands of packs of a job cost as much as one.
 */
export function foldersStatement(dialect: SqlDialect, store: string, prefix: string): SqlStatement {
  const { tables, position } = dialect;
  const rest = "substr(f.key, CAST($4 AS integer))";
  const slash = `${position}(${rest}, '/')`;
  // Behind "a/b/…" comes "a/b0", as "0" follows "/"; behind the key "a/c" comes "a/c!", as no key has anything below "!".
  const next = `CASE WHEN ${slash} > 0 THEN substr(f.key, 1, CAST($4 AS integer) + ${slash} - 2) || '0' ELSE f.key || '!' END`;
  const first = (from: string): string =>
    `(SELECT o.key FROM ${tables.objects} o WHERE o.store = $1 AND o.key >= ${from} AND o.key < $3 ORDER BY o.key LIMIT 1)`;
  return {
    text: `WITH RECURSIVE found(key) AS (
      SELECT ${first("$2")} UNION ALL SELECT ${first(next)} FROM found f WHERE f.key IS NOT NULL
    ) SELECT key FROM found WHERE key IS NOT NULL`,
    values: [store, prefix, endOf(prefix), prefix.length + 1],
  };
}

/** Removes parts without an object; one row for each. */
export function orphansStatement({ tables }: SqlDialect): SqlStatement {
  return {
    text: `DELETE FROM ${tables.parts} WHERE id NOT IN (SELECT parts FROM ${tables.objects} WHERE parts IS NOT NULL) RETURNING id`,
    values: [],
  };
}

/** What every key below the prefix is less than. */
function endOf(prefix: string): string {
  // "0" follows "/", and "~" every character of a key.
  return prefix === "" ? "~" : `${prefix.slice(0, -1)}0`;
}
