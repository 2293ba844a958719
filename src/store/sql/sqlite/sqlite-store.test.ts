import { execFileSync } from "node:child_process";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OTHER_USER, canBecomeOtherUser } from "../../../../test/stages/other-user.ts";
import { bundleFixture } from "../../../../test/stages/fixture-process.ts";
import type { OpenedStore } from "../../opened-store.ts";
import { migrate } from "../migrate.ts";
import type { SqlExecutor } from "../sql-executor.ts";
import { findSqliteDriver } from "./compat.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { SqliteExecutor } from "./sqlite-executor.ts";

const MIB = 1024 * 1024;

let folder: string;
let path: string;
const opened: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "spotproof-sqlite-"));
  path = join(folder, "jobs.db");
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await fs.rm(folder, { recursive: true, force: true });
});

async function open(mode: "read" | "write" = "write", busyMs = 10_000): Promise<OpenedStore> {
  const location = { kind: "sqlite", path } as const;
  const store = await openSqliteStore({ location, mode, workingFolder: process.cwd(), busyMs });
  opened.push(store);
  return store;
}

/** The database itself, past the store. */
function database(): SqliteExecutor {
  const driver = findSqliteDriver(process.cwd());
  const executor = new SqliteExecutor({ driver, path, mode: "write", busyMs: 10_000 });
  opened.push(executor);
  return executor;
}

const sql = async (text: string): Promise<unknown> => (await database().run([{ text, values: [] }]))[0];

describe("the file of a store in SQLite", () => {
  test("is made with its tables, and gone again are the files beside it when the last has closed it", async () => {
    await (await open()).store.create("a/x", [Buffer.from("x")]);
    await opened.pop()?.close();
    expect(await fs.readdir(folder)).toEqual(["jobs.db"]);
    expect((await (await open()).store.read("a/x"))?.toString()).toBe("x");
  });

  test("C05: has a write-ahead log that is synced at every commit", async () => {
    await open();
    const executor = database();
    const setting = async (name: string): Promise<unknown> =>
      Object.values((await executor.run([{ text: `PRAGMA ${name}`, values: [] }]))[0]?.[0] ?? {})[0];
    expect([await setting("journal_mode"), await setting("synchronous")]).toEqual(["wal", 2]);
  });

  test("for reading is not created", async () => {
    await expect(open("read")).rejects.toMatchObject({
      code: "store-unreachable",
      message: expect.stringContaining("There is no store at") as string,
    });
    expect(await fs.readdir(folder)).toEqual([]);
    await (await open()).store.create("a/x", [Buffer.from("x")]);
    expect((await (await open("read")).store.read("a/x"))?.toString()).toBe("x");
  });

  test("for reading is left alone when it is a database of something else", async () => {
    await sql("CREATE TABLE mine (x)");
    await opened.pop()?.close();
    await expect(open("read")).rejects.toMatchObject({ code: "store-unreachable" });
    expect(await sql("SELECT name FROM sqlite_master")).toEqual([{ name: "mine" }]);
  });

  test("needs a folder that is there, and must not be a folder itself", async () => {
    path = join(folder, "missing", "jobs.db");
    await expect(open()).rejects.toMatchObject({
      code: "store-unreachable",
      message: expect.stringMatching(/missing of the database does not exist/) as string,
    });
    path = folder;
    await expect(open()).rejects.toMatchObject({ code: "bad-usage" });
  });

  test("that is no database, or a damaged one, is refused and left as it was", async () => {
    const text = "these are not the bytes of a database, but there are enough of them ".repeat(100);
    await fs.writeFile(path, text);
    await expect(open()).rejects.toMatchObject({
      code: "record-damaged",
      message: expect.stringContaining(path) as string,
    });
    expect(await fs.readFile(path, "utf8")).toBe(text);
  });

  test("of a newer version is refused", async () => {
    await open();
    await sql("INSERT INTO spotproof_migrations (version) VALUES (99)");
    await expect(open()).rejects.toMatchObject({ code: "store-newer" });
    await expect(open("read")).rejects.toMatchObject({ code: "store-newer" });
  });

  test("of version 1 is brought to version 2 once by several at once", async () => {
    await (await open()).store.create("a/x", [Buffer.from("x")]);
    const newer = (): SqlExecutor => {
      const real = database();
      const step = ["ALTER TABLE spotproof_objects ADD COLUMN extra INTEGER NOT NULL DEFAULT 7"];
      const dialect = { ...real.dialect, migrations: [...real.dialect.migrations, step] };
      return {
        description: real.description,
        dialect,
        run: (...call) => real.run(...call),
        close: () => real.close(),
      };
    };
    await Promise.all([newer(), newer(), newer()].map((one) => migrate(one, { mode: "write" })));
    expect(await sql("SELECT version FROM spotproof_migrations ORDER BY 1")).toEqual([
      { version: 1 },
      { version: 2 },
    ]);
  });

  test("says where it lies", async () => {
    const { caution, store } = await open();
    expect(caution).toMatch(/on a disk of this machine/);
    expect(store.description).toBe(`sqlite ${path}`);
  });
});

describe("others that use the file", () => {
  test("a writer that does not let go makes the store unreachable after the limit, and this thread goes on meanwhile", async () => {
    const { store } = await open("write", 300);
    const other = database();
    await other.run([{ text: "BEGIN IMMEDIATE", values: [] }]);
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 10);
    await expect(store.create("a/x", [Buffer.from("x")])).rejects.toMatchObject({
      code: "store-unreachable",
      message: expect.stringContaining("locked") as string,
    });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
    await other.run([{ text: "ROLLBACK", values: [] }]);
    expect(await store.create("a/x", [Buffer.from("x")])).toBe("created");
  });

  test("a heartbeat does not wait for packs that wait", async () => {
    const { store } = await open();
    const order: string[] = [];
    const pack = Buffer.alloc(4 * MIB);
    const packs = [0, 1, 2, 3].map(async (i) => {
      await store.create(`p/${i}`, [pack]);
      order.push(`pack ${i}`);
    });
    await store.replace("h/heartbeat.json", [Buffer.from("beat")]);
    order.push("beat");
    await Promise.all(packs);
    expect(order).toEqual(["pack 0", "beat", "pack 1", "pack 2", "pack 3"]);
  });

  test("a call that waits for its turn can be given up, and then writes nothing", async () => {
    const { store } = await open("write", 500);
    const other = database();
    await other.run([{ text: "BEGIN IMMEDIATE", values: [] }]);
    const first = store.create("a/x", [Buffer.from("x")]).catch(() => "refused");
    const controller = new AbortController();
    const second = store.create("a/y", [Buffer.from("y")], { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    expect(await first).toBe("refused");
    await other.run([{ text: "ROLLBACK", values: [] }]);
    expect(await store.read("a/y")).toBeUndefined();
  });

  test("a file that became damaged says so", async () => {
    const { store } = await open();
    await store.create("a/x", [Buffer.alloc(3 * MIB, "x")]);
    await opened.pop()?.close();
    const file = await fs.open(path, "r+");
    await file.write(Buffer.alloc(4096, 7), 0, 4096, 4096);
    await file.close();
    const failure = await open().then(
      (again) => again.store.list("").catch((error: unknown) => error),
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "record-damaged" });
  });

  test("an object of which a part is missing reads as cut off there", async () => {
    const { store } = await open();
    await store.create("a/x", [Buffer.alloc(3 * MIB + 5, "x")]);
    await sql("DELETE FROM spotproof_parts WHERE number = 1");
    expect((await store.read("a/x"))?.length).toBe(MIB);
    expect((await store.read("a/x", { range: { offset: MIB + 3, length: 10 } }))?.length).toBe(0);
    expect((await store.read("a/x", { range: { offset: 2 * MIB, length: 10 } }))?.length).toBe(10);
  });
});

describe("what the caller lends", () => {
  test("a read may be put into a lent buffer, and what is written is copied before the call returns", async () => {
    const { store } = await open();
    const content = Buffer.alloc(2 * MIB + 3, "abc");
    const lent = Buffer.from(content);
    const creating = store.create("a/x", [lent]);
    lent.fill("z");
    await creating;
    const into = Buffer.alloc(3 * MIB);
    const read = await store.read("a/x", { into });
    expect(read?.buffer).toBe(into.buffer);
    expect(read?.equals(content)).toBe(true);
    expect((await store.read("a/x", { into: Buffer.alloc(5) }))?.equals(content)).toBe(true);
  });
});

test.skipIf(!canBecomeOtherUser)(
  "a user that may only read sees what others write, and cannot lock them out (needs root)",
  async () => {
    const source = fileURLToPath(new URL("../sql-store.fixture.ts", import.meta.url));
    const program = await bundleFixture(source, ["pg", "better-sqlite3"]);
    const other = ["setpriv", `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, "--clear-groups"];
    const look = () => program.start([`sqlite:${path}`, "look"], other).ended;
    try {
      await fs.chmod(folder, 0o755);
      await fs.chmod(program.folder, 0o755);
      await (await open()).store.create("a/x", [Buffer.from("x")]);
      expect(await look()).toMatchObject({ stderr: "", stdout: "a/x\n" });
      await fs.chmod(folder, 0o777);
      expect((await look()).stderr).toMatch(/may not write .*jobs\.db, but its folder/);
    } finally {
      await program.close();
    }
  },
);

/** Whether this user may mount a small disk that nobody else sees. */
function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"], { stdio: "ignore" });
    return true;
  } catch {
    // No such right or no such program here: the test is skipped by name.
    return false;
  }
}

test.skipIf(!canMount())(
  "C20: a full disk is told as store-full and harms nothing (needs root and mounts)",
  async () => {
    const source = fileURLToPath(new URL("../sql-store.fixture.ts", import.meta.url));
    const program = await bundleFixture(source, ["pg", "better-sqlite3"]);
    const onSmallDisk = [
      "unshare",
      "-m",
      "sh",
      "-c",
      'mount -t tmpfs -o size=8m none /mnt && exec "$@"',
      "sh",
    ];
    try {
      const answer = await program.start(["sqlite:/mnt/jobs.db", "fill"], onSmallDisk).ended;
      expect(answer.stderr).toBe("");
      expect(JSON.parse(answer.stdout)).toEqual({
        code: "store-full",
        unharmed: true,
        absent: true,
        listed: ["a/good"],
        afterwards: "created",
      });
    } finally {
      await program.close();
    }
  },
);
