import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../base/index.ts";
import {
  type PostgresStage,
  USER_WITH_PASSWORD,
  hasPostgres,
  startPostgres,
} from "../../../../test/stages/postgres.ts";
import type { OpenedStore } from "../../opened-store.ts";
import { migrate } from "../migrate.ts";
import type { SqlExecutor } from "../sql-executor.ts";
import { openPostgresStore } from "./open-postgres-store.ts";
import { loadPostgresDriver } from "./postgres-driver.ts";
import { createPostgresExecutor } from "./postgres-executor.ts";
import { parsePostgresLocation } from "./postgres-location.ts";
import { SESSION_SETTINGS } from "./session-settings.ts";

const MIB = 1024 * 1024;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!hasPostgres)("a store in a real PostgreSQL (where it is installed)", () => {
  let postgres: PostgresStage;
  let database: string;
  const opened: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  beforeEach(async () => {
    database = await postgres.newDatabase();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => postgres.close());

  async function open(url = postgres.url(database), mode: "read" | "write" = "write"): Promise<OpenedStore> {
    const location = parsePostgresLocation(url);
    const store = await openPostgresStore({ location, mode, workingFolder: tmpdir() });
    opened.push(store);
    return store;
  }

  async function executor(): Promise<SqlExecutor> {
    const driver = await loadPostgresDriver(tmpdir());
    const made = createPostgresExecutor(driver, parsePostgresLocation(postgres.url(database)), systemClock);
    opened.push(made);
    return made;
  }

  const as = (user: string, password = ""): string =>
    postgres.url(database).replace("spot@", `${user}${password === "" ? "" : `:${password}`}@`);
  const tables = (): Promise<readonly Record<string, unknown>[]> =>
    postgres.sql("SELECT tablename FROM pg_tables WHERE tablename LIKE 'spotproof%'", database);

  describe("trouble with the server", () => {
    test("C05: it dies and comes back under load, and every object that was acknowledged is there and whole", async () => {
      const { store } = await open();
      const kept = new Map<string, Buffer>();
      const state = { isLoaded: true };
      let failures = 0;
      const isKept = (key: string, content: Buffer): Promise<boolean> =>
        store.create(key, [content]).then(
          () => true,
          async (error: unknown) => {
            expect(error).toMatchObject({ code: "store-unreachable" });
            failures += 1;
            await sleep(20);
            return false;
          },
        );
      const load = async (writer: number): Promise<void> => {
        for (let i = 0; state.isLoaded; i += 1) {
          const [key, content] = [
            `l/${writer}/${i}`,
            Buffer.alloc([300, 200_000, 3 * MIB][i % 3] ?? 0, `${i},`),
          ];
          while (!(await isKept(key, content)));
          kept.set(key, content);
        }
      };
      const loads = [0, 1, 2, 3].map((writer) => load(writer));
      for (let crash = 0; crash < 3; crash += 1) {
        await sleep(400);
        await postgres.crash();
        await postgres.start();
      }
      await sleep(200);
      state.isLoaded = false;
      await Promise.all(loads);
      expect(failures).toBeGreaterThan(2);
      expect(kept.size).toBeGreaterThan(20);
      for (const [key, content] of kept) expect((await store.read(key))?.equals(content)).toBe(true);
      expect((await store.list("l/")).length).toBe(kept.size);
    }, 90_000);

    test("a connection that is killed during a create is never a false success, and the store goes on", async () => {
      const { store } = await open();
      const content = Buffer.alloc(16 * MIB, "x");
      const outcomes = new Set<string>();
      for (let round = 0; round < 10; round += 1) {
        const creating = store.create(`t/${round}`, [content]).catch((error: unknown) => error);
        await sleep(round * 20);
        await postgres.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'spotproof' AND datname = '${database}'`,
        );
        const outcome = await creating;
        // The connection at rest was killed as well, which may be found out by using it.
        const there = await store.read(`t/${round}`).catch(() => store.read(`t/${round}`));
        if (outcome !== "created") expect(outcome).toMatchObject({ code: "store-unreachable" });
        if (outcome === "created" || there !== undefined) expect(there?.equals(content)).toBe(true);
        outcomes.add(typeof outcome === "string" ? outcome : "refused");
      }
      expect(outcomes).toContain("refused");
    }, 60_000);

    test("E2: a session that stands still in a transaction is ended, and whoever waited for it goes on", async () => {
      const { store } = await open();
      const client = new pg.Client({ connectionString: postgres.url(database) });
      client.on("error", () => undefined);
      await client.connect();
      await client.query(SESSION_SETTINGS);
      await client.query("BEGIN");
      await client.query("INSERT INTO spotproof.spotproof_objects (store, key, size) VALUES ('', 's/x', 0)");
      const began = performance.now();
      expect(await store.create("s/x", [Buffer.from("mine")])).toBe("created");
      expect(performance.now() - began).toBeLessThan(9_000);
      await client.end().catch(() => undefined);
    });

    test("a heartbeat does not wait for packs that wait", async () => {
      const { store } = await open();
      const blocker = new pg.Client({ connectionString: postgres.url(database) });
      await blocker.connect();
      await blocker.query("BEGIN");
      await blocker.query(
        "INSERT INTO spotproof.spotproof_objects (store, key, size) SELECT '', 'p/' || i, 0 FROM generate_series(0, 5) i",
      );
      const packs = [0, 1, 2, 3, 4, 5].map((i) => store.create(`p/${i}`, [Buffer.alloc(MIB)]));
      const beat = store.replace("h/heartbeat.json", [Buffer.from("beat")]);
      await Promise.allSettled([beat]);
      await blocker.query("ROLLBACK");
      await beat;
      expect(await Promise.all(packs)).toEqual(packs.map(() => "created"));
      await blocker.end();
    });

    test("an aborted call ends at once and its connection with it; the next call has another", async () => {
      const { store } = await open();
      const controller = new AbortController();
      const client = new pg.Client({ connectionString: postgres.url(database) });
      await client.connect();
      await client.query(
        "BEGIN; INSERT INTO spotproof.spotproof_objects (store, key, size) VALUES ('', 'w/x', 0)",
      );
      const waiting = store.create("w/x", [Buffer.from("x")], { signal: controller.signal });
      await sleep(100);
      const began = performance.now();
      controller.abort(new Error("enough"));
      await expect(waiting).rejects.toThrow("enough");
      expect(performance.now() - began).toBeLessThan(100);
      expect(await store.create("w/y", [Buffer.from("y")])).toBe("created");
      await client.query("ROLLBACK");
      await client.end();
    });

    test("nobody answers, no such database, no such user, wrong password, no TLS: each says so, never the password", async () => {
      await postgres
        .sql(`CREATE ROLE ${USER_WITH_PASSWORD} LOGIN PASSWORD 'secret-right'`)
        .catch(() => undefined);
      const failure = (url: string): Promise<Error & { code?: string }> =>
        open(url).then(
          () => Promise.reject(new Error(`${url} can be opened`)),
          (error: Error) => error,
        );
      const nobody = await failure("postgres://spot:secret-1@127.0.0.1:1/x");
      expect(nobody).toMatchObject({ code: "store-unreachable" });
      const noDatabase = await failure(postgres.url("nothing-here"));
      expect(noDatabase).toMatchObject({
        code: "bad-usage",
        message: expect.stringContaining("does not exist") as string,
      });
      expect(await failure(as("nobody-here"))).toMatchObject({ code: "bad-usage" });
      const wrong = await failure(as(USER_WITH_PASSWORD, "secret-wrong"));
      expect(wrong).toMatchObject({
        code: "bad-usage",
        message: expect.stringContaining("password authentication failed") as string,
      });
      const plain = await failure(`${postgres.url(database)}?sslmode=require`);
      expect(plain).toMatchObject({ code: "bad-usage", message: expect.stringContaining("SSL") as string });
      for (const error of [nobody, wrong]) expect(String(error.stack)).not.toContain("secret");
    });
  });

  describe("durability and settings", () => {
    test("C05: a commit waits for the disk even where the database says that it need not", async () => {
      await postgres.sql(`ALTER DATABASE ${database} SET synchronous_commit = off`);
      await postgres.sql(`ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`);
      const text =
        "SELECT current_setting('synchronous_commit') AS commit, current_setting('lock_timeout') AS lock, current_setting('transaction_isolation') AS isolation, current_setting('client_connection_check_interval') AS look, current_setting('application_name') AS name";
      const [rows] = await (await executor()).run([{ text, values: [] }]);
      expect(rows).toEqual([
        { commit: "on", lock: "10s", isolation: "read committed", look: "2s", name: "spotproof" },
      ]);
    });

    test("a server without fsync is said to be one", async () => {
      expect((await open()).caution).toBeUndefined();
      await postgres.sql("ALTER SYSTEM SET fsync = off");
      await postgres.sql("SELECT pg_reload_conf()");
      try {
        await expect.poll(async () => (await open()).caution).toMatch(/fsync = off/);
      } finally {
        await postgres.sql("ALTER SYSTEM RESET fsync");
        await postgres.sql("SELECT pg_reload_conf()");
      }
    });
  });

  describe("tables", () => {
    test("several stores share them and see nothing of each other; another schema has its own", async () => {
      const urls = ["", "?prefix=team-a/x", "?prefix=team-b", "?schema=other"].map(
        (words) => `${postgres.url(database)}${words}`,
      );
      const stores = await Promise.all(urls.map((url) => open(url)));
      for (const [i, { store }] of stores.entries()) {
        expect(await store.create("a/x", [Buffer.from(String(i))])).toBe("created");
      }
      for (const [i, { store }] of stores.entries()) {
        expect((await store.read("a/x"))?.toString()).toBe(String(i));
        expect((await store.list("")).map(({ key }) => key)).toEqual(["a/x"]);
      }
      expect(stores[1]?.store.description).toMatch(
        /^postgres 127\.0\.0\.1:\d+\/test_\d+ \(prefix team-a\/x\)$/,
      );
    });

    test("for reading nothing is created, and a database without a store says so", async () => {
      await expect(open(postgres.url(database), "read")).rejects.toMatchObject({
        code: "store-unreachable",
        message: expect.stringContaining("There is no store in") as string,
      });
      expect(await tables()).toEqual([]);
      await (await open()).store.create("a/x", [Buffer.from("x")]);
      const { store } = await open(postgres.url(database), "read");
      expect((await store.read("a/x"))?.toString()).toBe("x");
    });

    test("of a newer version are refused and left alone", async () => {
      await open();
      await postgres.sql("INSERT INTO spotproof.spotproof_migrations (version) VALUES (99)", database);
      await expect(open()).rejects.toMatchObject({ code: "store-newer" });
      await expect(open(postgres.url(database), "read")).rejects.toMatchObject({ code: "store-newer" });
    });

    test("of version 1 are brought to version 2 once by several at once", async () => {
      const { store } = await open();
      await store.create("a/x", [Buffer.from("x")]);
      const newer = async (): Promise<SqlExecutor> => {
        const real = await executor();
        const step = [
          `ALTER TABLE ${real.dialect.tables.objects} ADD COLUMN extra integer NOT NULL DEFAULT 7`,
        ];
        const dialect = { ...real.dialect, migrations: [...real.dialect.migrations, step] };
        return { ...real, dialect };
      };
      const executors = await Promise.all([newer(), newer(), newer(), newer()]);
      await Promise.all(executors.map((one) => migrate(one, { mode: "write" })));
      expect(
        await postgres.sql("SELECT version FROM spotproof.spotproof_migrations ORDER BY 1", database),
      ).toEqual([{ version: 1 }, { version: 2 }]);
      expect((await store.read("a/x"))?.toString()).toBe("x");
    });

    test("an object of which a part is missing reads as cut off there", async () => {
      const { store } = await open();
      await store.create("a/x", [Buffer.alloc(3 * MIB + 5, "x")]);
      await postgres.sql("DELETE FROM spotproof.spotproof_parts WHERE number = 1", database);
      expect((await store.read("a/x"))?.length).toBe(MIB);
      expect((await store.read("a/x", { range: { offset: MIB + 3, length: 10 } }))?.length).toBe(0);
      expect((await store.read("a/x", { range: { offset: 2 * MIB, length: 10 } }))?.length).toBe(10);
    });

    test("parts without an object are swept, others are not", async () => {
      const one = await open();
      const { store } = one;
      await store.create("a/x", [Buffer.alloc(2 * MIB, "x")]);
      await postgres.sql(
        "INSERT INTO spotproof.spotproof_parts VALUES ('lost', 0, 'x'), ('lost', 1, 'y')",
        database,
      );
      expect(await one.sweep()).toBe(1);
      expect(await one.sweep()).toBe(0);
      expect((await store.read("a/x"))?.length).toBe(2 * MIB);
    });
  });

  test("the rights in docs/guides/stores/postgres-rights.sql are enough; without them the store is not writable", async () => {
    await postgres.sql("CREATE ROLE stranger LOGIN");
    await expect(open(as("stranger"))).rejects.toMatchObject({ code: "store-not-writable" });
    await postgres.sql(await readFile("docs/guides/stores/postgres-rights.sql", "utf8"), database);
    await expect(open(as("stranger"))).rejects.toMatchObject({ code: "store-not-writable" });
    const owner = await open(as("spotproof"));
    const { store } = owner;
    await store.create("a/x", [Buffer.alloc(2 * MIB)]);
    await store.replace("a/x", [Buffer.from("x")]);
    await store.remove("a/y");
    expect(await owner.sweep()).toBe(0);
    const reader = await open(as("spotproof_reader"), "read");
    expect((await reader.store.read("a/x"))?.toString()).toBe("x");
    await expect(reader.store.remove("a/x")).rejects.toMatchObject({ code: "store-not-writable" });
    await expect(reader.store.create("a/z", [Buffer.from("z")])).rejects.toMatchObject({
      code: "store-not-writable",
    });
  });
});
