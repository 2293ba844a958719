import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.ts";
import { createFolderSaver, restoreFolder } from "../../src/checkpoint/index.ts";
import type { Attempt } from "../../src/job/index.ts";
import { loadSqlStores } from "../../src/store/index.ts";
import type { OpenedStore } from "../../src/store/opened-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { SqlExecutor } from "../../src/store/sql/sql-executor.ts";
import { loadPostgresDriver } from "../../src/store/sql/postgres/postgres-driver.ts";
import { createPostgresExecutor } from "../../src/store/sql/postgres/postgres-executor.ts";
import { findSqliteDriver } from "../../src/store/sql/sqlite/compat.ts";
import { SqliteExecutor } from "../../src/store/sql/sqlite/sqlite-executor.ts";
import { CLAIMED_JOB as JOB, claim } from "../stages/claim.ts";
import { type PostgresStage, hasPostgres, startPostgres } from "../stages/postgres.ts";

const workingFolder = process.cwd();

let folder: string;
let postgres: PostgresStage | undefined;
beforeAll(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "spotproof-sql-job-"));
  if (hasPostgres) postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.close();
  await fs.rm(folder, { recursive: true, force: true });
});

/** A store and a way past it into its tables. */
interface Place {
  readonly store: OpenedStore;
  readonly tables: SqlExecutor;
}

async function inSqlite(): Promise<Place> {
  const { openSqliteStore, parseSqliteLocation } = await loadSqlStores();
  const location = parseSqliteLocation("sqlite:jobs.db", folder);
  const store = await openSqliteStore({ location, mode: "write", workingFolder });
  const data = {
    driver: findSqliteDriver(workingFolder),
    path: location.path,
    mode: "write",
    busyMs: 5000,
  } as const;
  return { store, tables: new SqliteExecutor(data) };
}

async function inPostgres(): Promise<Place> {
  const { openPostgresStore, parsePostgresLocation } = await loadSqlStores();
  const location = parsePostgresLocation(postgres?.url() ?? "");
  const store = await openPostgresStore({ location, mode: "write", workingFolder });
  const driver = await loadPostgresDriver(workingFolder);
  return { store, tables: createPostgresExecutor(driver, location, systemClock) };
}

/** Saves the folder with this content, as a machine does that vanishes right afterwards. */
async function saveContents(
  store: Store,
  attempt: Attempt,
  work: string,
  contents: readonly Buffer[],
): Promise<void> {
  const saver = createFolderSaver({
    store,
    job: JOB,
    attempt: attempt.number,
    clock: systemClock,
    folder: work,
  });
  for (const content of contents) {
    await fs.writeFile(join(work, "weights"), content);
    const saved = await saver.save({ reason: "final", confirm: () => attempt.validity() });
    expect(saved.kind).toBe("saved");
  }
}

describe.each([
  { name: "in SQLite", open: inSqlite, isThere: true },
  { name: "in PostgreSQL (where it is installed)", open: inPostgres, isThere: hasPostgres },
])("a job whose store is $name", ({ open, isThere }) => {
  test.skipIf(!isThere)(
    "goes on after a crash from its newest checkpoint, and from the one before when a part of that is damaged (C02)",
    async () => {
      const { store: opened, tables } = await open();
      const { store } = opened;
      const contents = [randomBytes(3_000_000), randomBytes(3_000_000)];
      const work = await fs.mkdtemp(join(folder, "work-"));
      await saveContents(store, await claim(store), work, contents);

      const second = await claim(store);
      expect(second.number).toBe(2);
      expect(second.lineage).toHaveLength(2);
      const target = join(work, "restored");
      const restore = (name: string) =>
        restoreFolder({ store, job: JOB, lineage: second.lineage, folder: target, asideName: name });
      expect((await restore("aside-1")).skipped).toEqual([]);
      expect((await fs.readFile(join(target, "weights"))).equals(contents[1] ?? Buffer.alloc(0))).toBe(true);

      const packs = (await store.list(`jobs/${JOB}/packs/`)).map(({ key }) => key);
      const { objects, parts } = tables.dialect.tables;
      const damage = `UPDATE ${parts} SET bytes = $1 WHERE number = 1 AND id IN (SELECT parts FROM ${objects} WHERE key = $2)`;
      await tables.run([
        { text: damage, values: [Buffer.allocUnsafeSlow(1_000_000).fill(7), packs.at(-1) ?? ""] },
      ]);
      const { skipped } = await restore("aside-2");
      expect(skipped).toEqual([{ id: second.lineage[0], reason: expect.any(String) as string }]);
      expect((await fs.readFile(join(target, "weights"))).equals(contents[0] ?? Buffer.alloc(0))).toBe(true);

      expect(
        await second.end({ kind: "completed", reason: "", failuresUsed: 0, checkpointsCommitted: 0 }),
      ).toBe("valid");
      await tables.close();
      await opened.close();
    },
  );
});
