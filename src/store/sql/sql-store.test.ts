import fs from "node:fs/promises";
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

describe.skipIf(!hasBuiltInSqlite)("with the SQLite of Node.js (from 22.13)", () => {
  describeStoreContract({ name: "a store in SQLite (node:sqlite)", open: () => openSqlite("node:sqlite") });
});

// Compiled for one version of Node.js alone: where there is a built-in SQLite, that is used.
describe.skipIf(hasBuiltInSqlite)("with better-sqlite3 (where Node.js has no SQLite)", () => {
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
