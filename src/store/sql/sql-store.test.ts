import fs from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { type PostgresStage, hasPostgres, startPostgres } from "../../../test/stages/postgres.ts";
import { describeStoreContract } from "../store.contract.ts";
import type { OpenedStore } from "../opened-store.ts";
import { openPostgresStore, openSqliteStore, parsePostgresLocation } from "./index.ts";
import { hasBuiltInSqlite } from "./sqlite/compat.ts";

const opened: OpenedStore[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const folder of folders.splice(0)) await fs.rm(folder, { recursive: true, force: true });
});

async function openSqlite(driver: "node:sqlite" | "better-sqlite3") {
  const folder = await fs.mkdtemp(join(tmpdir(), "spotproof-sqlite-"));
  folders.push(folder);
  const location = { kind: "sqlite", path: join(folder, "jobs.db") } as const;
  const store = await openSqliteStore({ location, mode: "write", workingFolder: folder, driver });
  opened.push(store);
  return store.store;
}

/** The package may be there without its compiled part, or with that of another Node.js. */
function canLoadBetterSqlite(): boolean {
  try {
    const Database = createRequire(import.meta.url)("better-sqlite3") as new (
      path: string,
    ) => { close(): void };
    new Database(":memory:").close();
    return true;
  } catch {
    // Skipped by name.
    return false;
  }
}

describe.skipIf(!hasBuiltInSqlite)("with the SQLite of Node.js (from 22.13)", () => {
  describeStoreContract({ name: "a store in SQLite (node:sqlite)", open: () => openSqlite("node:sqlite") });
});

describe.skipIf(!canLoadBetterSqlite())("with better-sqlite3 (where it is compiled for this Node.js)", () => {
  describeStoreContract({
    name: "a store in SQLite (better-sqlite3)",
    open: () => openSqlite("better-sqlite3"),
  });
});

describe.skipIf(!hasPostgres)("with PostgreSQL (where it is installed)", () => {
  let postgres: PostgresStage;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.close());

  let stores = 0;
  describeStoreContract({
    name: "a store in PostgreSQL",
    open: async () => {
      stores += 1;
      const location = parsePostgresLocation(`${postgres.url()}?prefix=store-${stores}`);
      const store = await openPostgresStore({ location, mode: "write", workingFolder: tmpdir() });
      opened.push(store);
      return store.store;
    },
  });
});
