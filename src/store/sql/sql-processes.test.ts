import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FixtureProgram, bundleFixture } from "../../../test/stages/fixture-process.ts";
import { type PostgresStage, hasPostgres, startPostgres } from "../../../test/stages/postgres.ts";
import type { OpenedStore } from "../opened-store.ts";
import { openPostgresStore, openSqliteStore, parsePostgresLocation, parseSqliteLocation } from "./index.ts";

// Processes that share a database, and die or stand still at bad moments.

/** A database in which every test has an empty store. */
interface Databases {
  newUrl(): Promise<string>;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

async function sqliteFiles(): Promise<Databases> {
  const folder = await fs.mkdtemp(join(tmpdir(), "spotproof-sqlite-"));
  let files = 0;
  return {
    newUrl: () => Promise.resolve(`sqlite:${folder}/${(files += 1)}.db`),
    close: () => fs.rm(folder, { recursive: true, force: true }),
  };
}

async function postgresDatabases(): Promise<Databases> {
  const postgres: PostgresStage = await startPostgres();
  return {
    newUrl: async () => postgres.url(await postgres.newDatabase()),
    close: () => postgres.close(),
  };
}

/** `busyMs` only matters to SQLite. */
function open(url: string, busyMs = 10_000): Promise<OpenedStore> {
  const workingFolder = process.cwd();
  if (url.startsWith("postgres"))
    return openPostgresStore({ location: parsePostgresLocation(url), mode: "write", workingFolder });
  const location = parseSqliteLocation(url, "/");
  return openSqliteStore({ location, mode: "write", workingFolder, busyMs });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each([
  { name: "in SQLite", start: sqliteFiles, isThere: true },
  { name: "in PostgreSQL (where it is installed)", start: postgresDatabases, isThere: hasPostgres },
])("processes with one store $name", ({ start, isThere }) => {
  let databases: Databases;
  let program: FixtureProgram;
  beforeAll(async () => {
    if (!isThere) return;
    databases = await start();
    const source = fileURLToPath(new URL("sql-store.fixture.ts", import.meta.url));
    program = await bundleFixture(source, ["pg", "better-sqlite3"]);
  });
  afterAll(async () => {
    if (!isThere) return;
    await program.close();
    await databases.close();
  });
  const testHere = test.skipIf(!isThere);

  testHere(
    "K19: of eight that open a new database and race for the same keys, each key has one winner",
    async () => {
      const url = await databases.newUrl();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => program.start([url, "race", "60"]).ended),
      );
      expect(answers.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        answers.map(() => ({ code: 0, stderr: "" })),
      );
      const won = answers.flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
      expect(won).toHaveLength(60);
      expect(new Set(won).size).toBe(60);
    },
  );

  testHere(
    "C01, K19: one killed in the middle of a large create leaves the whole object or none, and blocks nobody",
    async () => {
      const url = await databases.newUrl();
      const opened = await open(url);
      const whole = 16 * MIB;
      const seen = new Set<string>();
      for (let round = 0; round < 12; round += 1) {
        const key = `k/${round}`;
        const writer = program.start([url, "create", key, String(whole)]);
        await writer.says("begins");
        await sleep(round * 15);
        writer.child.kill("SIGKILL");
        await writer.ended;
        const began = performance.now();
        const result = await opened.store.create(key, [Buffer.from("mine")]);
        expect(performance.now() - began).toBeLessThan(10_000);
        const size = (await opened.store.read(key))?.length;
        expect(size).toBe(result === "created" ? 4 : whole);
        seen.add(result);
      }
      expect(seen).toContain("created");
      expect(await opened.sweep()).toBe(0);
      await opened.close();
    },
    60_000,
  );

  testHere(
    "E2: one that stands still in the middle of a large create blocks others no longer than the limit",
    async () => {
      const url = await databases.newUrl();
      const opened = await open(url, 500);
      for (let round = 0; round < 6; round += 1) {
        const writer = program.start([url, "create", `s/${round}`, String(16 * MIB)]);
        await writer.says("begins");
        await sleep(round * 25);
        writer.child.kill("SIGSTOP");
        const began = performance.now();
        const calls = [
          opened.store.create(`s/${round}`, [Buffer.from("mine")]),
          opened.store.replace("s/heartbeat", [Buffer.from("beat")]),
          opened.store.list("s/"),
        ];
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === "rejected")
            expect(outcome.reason).toMatchObject({ code: "store-unreachable" });
        }
        expect(performance.now() - began).toBeLessThan(12_000);
        writer.child.kill("SIGCONT");
        expect(["created", "exists"]).toContain((await writer.ended).stdout.split("\n")[1]);
        expect([4, 16 * MIB]).toContain((await opened.store.read(`s/${round}`))?.length);
      }
      await opened.close();
    },
    90_000,
  );

  testHere("C01: a reader sees whole large values while another connection replaces them", async () => {
    const url = await databases.newUrl();
    const [writer, reader] = [await open(url), await open(url)];
    const contents = [Buffer.alloc(3 * MIB, "a"), Buffer.alloc(2 * MIB + 5, "b"), Buffer.from("c")];
    const state = { isWriting: true };
    const writing = (async () => {
      for (let i = 0; i < 30; i += 1) await writer.store.replace("r/x", [contents[i % 3] ?? Buffer.alloc(0)]);
      state.isWriting = false;
    })();
    let reads = 0;
    while (state.isWriting) {
      const seen = await reader.store.read("r/x");
      if (seen === undefined) continue;
      reads += 1;
      expect(contents.some((content) => content.equals(seen))).toBe(true);
    }
    await writing;
    expect(reads).toBeGreaterThan(5);
    expect(await writer.sweep()).toBe(0);
    for (const opened of [writer, reader]) await opened.close();
  });

  testHere("two that replace one large object at the same time leave one of the values, whole", async () => {
    const url = await databases.newUrl();
    const writers = [await open(url), await open(url)];
    const contents = writers.map((_, i) => Buffer.alloc(2 * MIB + i, String(i)));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        writers.map(({ store }, i) => store.replace("t/x", [contents[i] ?? Buffer.alloc(0)])),
      );
      const seen = await writers[0]?.store.read("t/x");
      expect(contents.some((content) => seen?.equals(content))).toBe(true);
    }
    // What they left of each other's parts, if anything, is found.
    for (const opened of writers) await opened.sweep();
    const seen = await writers[0]?.store.read("t/x");
    expect(contents.some((content) => seen?.equals(content))).toBe(true);
    for (const opened of writers) await opened.close();
  });
});
