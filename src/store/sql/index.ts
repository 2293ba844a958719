export { openPostgresStore } from "./postgres/open-postgres-store.ts";
export type { PostgresStoreOptions } from "./postgres/open-postgres-store.ts";
export { type PostgresLocation, parsePostgresLocation } from "./postgres/postgres-location.ts";
export { openSqliteStore } from "./sqlite/open-sqlite-store.ts";
export type { SqliteStoreOptions } from "./sqlite/open-sqlite-store.ts";
export { type SqliteLocation, parseSqliteLocation } from "./sqlite/sqlite-location.ts";
