import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { build } from "vite";
import { OTHER_USER, canBecomeOtherUser } from "../../../test/stages/other-user.ts";
import { describeStoreContract } from "../store.contract.ts";
import { type FileStore, openFileStore } from "./file-store.ts";

const folders: string[] = [];
const threads: FileStore[] = [];

async function freshFolder(): Promise<string> {
  const folder = await fs.mkdtemp(join(tmpdir(), "spotproof-store-"));
  folders.push(folder);
  return folder;
}

const openFresh = async (): Promise<FileStore> => openFileStore(join(await freshFolder(), "store"));

afterEach(async () => {
  vi.restoreAllMocks();
  for (const store of threads.splice(0)) store.close();
  for (const folder of folders.splice(0))
    await fs.rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs file-store.fixture.mjs in a process of its own, with the store bundled for plain Node. */
async function runFixture(
  words: readonly string[],
  identity: { readonly uid?: number; readonly gid?: number } = {},
  launcher: readonly string[] = [],
): Promise<Answer> {
  const program = await bundledFixture();
  const [command = "", ...rest] = [...launcher, process.execPath, program, ...words];
  const child = spawn(command, rest, { ...identity, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, stdout, stderr };
}

let fixture: Promise<string> | undefined;
let fixtureFolder: string | undefined;

/** Node 20 cannot run TypeScript, so the fixture is bundled once. */
function bundledFixture(): Promise<string> {
  fixture ??= (async () => {
    fixtureFolder = await fs.mkdtemp(join(tmpdir(), "spotproof-fixture-"));
    await fs.chmod(fixtureFolder, 0o755);
    await build({
      configFile: false,
      logLevel: "error",
      build: {
        ssr: fileURLToPath(new URL("file-store.fixture.ts", import.meta.url)),
        outDir: fixtureFolder,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: "fixture.mjs" } },
      },
    });
    return join(fixtureFolder, "fixture.mjs");
  })();
  return fixture;
}

afterAll(async () => {
  if (fixtureFolder !== undefined) await fs.rm(fixtureFolder, { recursive: true, force: true });
});

/** Runs a shell script whose mounts nobody else sees. */
const PRIVATE_MOUNTS = ["unshare", "-m", "sh", "-c"] as const;

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    const [program, ...words] = [...PRIVATE_MOUNTS, "mount -t tmpfs -o size=64k none /mnt"] as const;
    execFileSync(program, words, { stdio: "ignore" });
    return true;
  } catch {
    // No such right or no such program here: the test is skipped by name.
    return false;
  }
}

/** The syncs, links and renames that an action makes, with paths relative to the store's folder. */
async function recordSteps(store: FileStore, action: () => Promise<unknown>): Promise<string[]> {
  const steps: string[] = [];
  const shown = (path: unknown): string =>
    (relative(store.folder, String(path)) || ".").replace(/^tmp\/.*/, "tmp/*");
  const { open, link, rename } = fs;
  vi.spyOn(fs, "open").mockImplementation(async (...args) => {
    const handle = await open(...args);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      await sync();
      steps.push(`sync ${shown(args[0])}`);
    };
    return handle;
  });
  vi.spyOn(fs, "link").mockImplementation(async (from, to) => {
    steps.push(`link ${shown(to)}`);
    await link(from, to);
  });
  vi.spyOn(fs, "rename").mockImplementation(async (from, to) => {
    steps.push(`rename ${shown(to)}`);
    await rename(from, to);
  });
  await action();
  vi.restoreAllMocks();
  return steps;
}

describeStoreContract({
  name: "the file store with a thread for small objects",
  open: async () => {
    const store = await openFileStore(join(await freshFolder(), "store"), { threadAfter: 0 });
    threads.push(store);
    return store;
  },
});

describeStoreContract({ name: "the file store", open: openFresh });

test("the folder of the store is created with its parents, and a marker says that it is one", async () => {
  const folder = join(await freshFolder(), "deep", "down");
  const store = await openFileStore(folder);
  expect(store.description).toBe(`folder ${folder}`);
  expect(JSON.parse(await fs.readFile(join(folder, "spotproof-store.json"), "utf8"))).toMatchObject({
    format: 1,
  });
  expect(await store.list("")).toEqual([]);
  expect(await store.listFolders("")).toEqual([]);
  expect(await fs.readdir(join(folder, "tmp"))).toEqual([]);
});

test("temporary files are gone after every kind of write", async () => {
  const store = await openFresh();
  await store.create("a/b", [Buffer.from("1")]);
  await store.create("a/b", [Buffer.from("2")]);
  await store.replace("a/b", [Buffer.from("3")]);
  expect(await fs.readdir(join(store.folder, "tmp"))).toEqual([]);
});

describe("opened for reading", () => {
  test("a folder that does not exist is said to be missing and is not created", async () => {
    const folder = join(await freshFolder(), "absent");
    await expect(openFileStore(folder, { mode: "read" })).rejects.toMatchObject({
      code: "store-unreachable",
      detail: `There is no folder ${folder}.`,
    });
    await expect(fs.stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("an empty folder stays empty", async () => {
    const folder = await freshFolder();
    const store = await openFileStore(folder, { mode: "read" });
    expect(await store.listFolders("jobs/")).toEqual([]);
    expect(await fs.readdir(folder)).toEqual([]);
  });
});

describe("a store that cannot be used is refused with its reason:", () => {
  test("a store of a newer version", async () => {
    const folder = await freshFolder();
    await fs.writeFile(join(folder, "spotproof-store.json"), `{"format":2}`);
    for (const mode of ["read", "write"] as const) {
      await expect(openFileStore(folder, { mode })).rejects.toMatchObject({ code: "store-newer" });
    }
    expect(await fs.readdir(folder)).toEqual(["spotproof-store.json"]);
  });

  test.each(["", "{", "[]", "null", `{"format":"1"}`])("a marker that reads %j", async (content) => {
    const folder = await freshFolder();
    await fs.writeFile(join(folder, "spotproof-store.json"), content);
    await expect(openFileStore(folder)).rejects.toMatchObject({ code: "record-damaged" });
  });

  test("a path that is a file", async () => {
    const file = join(await freshFolder(), "file");
    await fs.writeFile(file, "");
    for (const mode of ["read", "write"] as const) {
      await expect(openFileStore(file, { mode })).rejects.toMatchObject({
        code: "store-unreachable",
        detail: `${file} is a file, not a folder.`,
      });
    }
  });

  test("a path below a file", async () => {
    const file = join(await freshFolder(), "file");
    await fs.writeFile(file, "");
    await expect(openFileStore(join(file, "store"))).rejects.toMatchObject({
      code: "store-unreachable",
      detail: expect.stringContaining(join(file, "store")) as string,
    });
  });

  test("a file system on which both of two racing creates win", async () => {
    const link = vi.spyOn(fs, "link").mockImplementation((from, to) => fs.copyFile(from, to));
    await expect(openFresh()).rejects.toMatchObject({
      code: "store-unsuitable",
      detail: expect.stringContaining("both did") as string,
    });
    expect(link).toHaveBeenCalledTimes(2);
  });

  test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK"])(
    "a file system whose link answers %s",
    async (code) => {
      vi.spyOn(fs, "link").mockRejectedValue(Object.assign(new Error(`${code}: link`), { code }));
      await expect(openFresh()).rejects.toMatchObject({ code: "store-unsuitable" });
    },
  );

  test("a file system that is not mounted any more", async () => {
    const store = await openFresh();
    await fs.rm(store.folder, { recursive: true });
    await fs.mkdir(store.folder);
    await expect(store.create("a/b", [])).rejects.toMatchObject({ code: "store-unreachable" });
    expect(await fs.readdir(store.folder)).toEqual([]);
  });
});

test("somebody may tidy the temporary folder away between two writes", async () => {
  const store = await openFresh();
  await fs.rm(join(store.folder, "tmp"), { recursive: true });
  expect(await store.create("a/b", [])).toBe("created");
});

describe("over NFS", () => {
  test("K19: a create whose first answer was lost is known as our own success", async () => {
    const store = await openFresh();
    const { link } = fs;
    vi.spyOn(fs, "link").mockImplementationOnce(async (from, to) => {
      await link(from, to);
      throw Object.assign(new Error("EEXIST: file already exists"), { code: "EEXIST" });
    });
    expect(await store.create("claim.json", [Buffer.from("ours")])).toBe("created");
    expect(await store.create("claim.json", [Buffer.from("theirs")])).toBe("exists");
  });

  test("a file that was replaced while it was opened is read again", async () => {
    const store = await openFresh();
    await store.replace("h", [Buffer.from("beat")]);
    vi.spyOn(fs, "open").mockRejectedValueOnce(Object.assign(new Error("ESTALE"), { code: "ESTALE" }));
    expect((await store.read("h"))?.toString()).toBe("beat");
  });

  test("a handle that stays stale is an unreachable store, not an absent object", async () => {
    const store = await openFresh();
    vi.spyOn(fs, "open").mockRejectedValue(Object.assign(new Error("ESTALE"), { code: "ESTALE" }));
    await expect(store.read("h")).rejects.toMatchObject({ code: "store-unreachable" });
  });
});

test("C19: create syncs the file before it has its name, and every new name up to the root before it resolves", async () => {
  const store = await openFresh();
  const steps = await recordSteps(store, () => store.create("a/b/c", [Buffer.from("x")]));
  expect(steps.indexOf("sync tmp/*")).toBeLessThan(steps.indexOf("link a/b/c"));
  expect(steps.slice(steps.lastIndexOf("link a/b/c") + 1).sort()).toEqual(["sync .", "sync a", "sync a/b"]);
});

test("C19: replace syncs the file before the rename and its folder after it", async () => {
  const store = await openFresh();
  await store.create("a/b", []);
  const steps = await recordSteps(store, () => store.replace("a/b", [Buffer.from("x")]));
  expect(steps).toEqual(["sync tmp/*", "rename a/b", "sync a"]);
});

test("C19: a folder that another process has just created is made durable as well", async () => {
  const store = await openFresh();
  await fs.mkdir(join(store.folder, "a", "b"), { recursive: true });
  const steps = await recordSteps(store, () => store.create("a/b/c", []));
  expect(steps.slice(steps.indexOf("link a/b/c") + 1).sort()).toEqual(["sync .", "sync a", "sync a/b"]);
});

test("C05: sweep removes what died writers left more than a day ago, and nothing else", async () => {
  const store = await openFresh();
  const [old, young, foreign] = ["0".repeat(32), "1".repeat(32), "notes"].map((name) =>
    join(store.folder, "tmp", name === "notes" ? "notes.txt" : `spotproof-${name}.tmp`),
  ) as [string, string, string];
  for (const path of [old, young, foreign]) await fs.writeFile(path, "");
  const longAgo = new Date((await fs.stat(young)).mtimeMs - 25 * 3_600_000);
  for (const path of [old, foreign]) await fs.utimes(path, longAgo, longAgo);
  expect(await store.sweep()).toBe(1);
  expect((await fs.readdir(join(store.folder, "tmp"))).sort()).toEqual([
    "notes.txt",
    `spotproof-${"1".repeat(32)}.tmp`,
  ]);
});

test("a call under a signal ends although the file system hangs", async () => {
  const store = await openFresh();
  const controller = new AbortController();
  vi.spyOn(fs, "open").mockReturnValue(new Promise(() => undefined));
  const call = store.read("a/b", { signal: controller.signal });
  controller.abort(new Error("the notice's deadline"));
  await expect(call).rejects.toThrow("the notice's deadline");
});

describe("several processes", () => {
  test("K19: of eight processes that race for the same keys exactly one wins each of them", async () => {
    const store = await openFresh();
    const wins = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const answer = await runFixture([store.folder, "race", "40"]);
        expect(answer.code, answer.stderr).toBe(0);
        return JSON.parse(answer.stdout) as string[];
      }),
    );
    const all = wins.flat();
    expect(all).toHaveLength(40);
    expect(new Set(all).size).toBe(40);
  });

  test("processes that open a fresh folder at the same moment all succeed", async () => {
    const folder = join(await freshFolder(), "store");
    const answers = await Promise.all(Array.from({ length: 6 }, () => runFixture([folder, "open"])));
    for (const answer of answers) expect(answer).toMatchObject({ code: 0 });
  });
});

describe.skipIf(!canBecomeOtherUser)("as another user (needs root to become one)", () => {
  test("a folder that may not be written is store-not-writable when opened", async () => {
    const folder = await freshFolder();
    await fs.chmod(folder, 0o755);
    const answer = await runFixture([folder, "open"], { uid: OTHER_USER, gid: OTHER_USER });
    expect(answer.stdout).toContain("store-not-writable");
    expect(answer.stdout).toContain(folder);
  });

  test("a store that became unwritable is store-not-writable when written, and still readable", async () => {
    const store = await openFresh();
    await fs.chmod(join(store.folder, ".."), 0o755);
    await store.create("jobs/a", [Buffer.from("x")]);
    const answer = await runFixture([store.folder, "write", "1"], { uid: OTHER_USER, gid: OTHER_USER });
    expect(answer.stdout).toContain("store-not-writable");
    expect(
      (await runFixture([store.folder, "read", "jobs/a"], { uid: OTHER_USER, gid: OTHER_USER })).stdout,
    ).toBe("x");
  });

  test("a store that may not even be read is store-unreachable", async () => {
    const folder = await freshFolder();
    await fs.chmod(folder, 0o700);
    const answer = await runFixture([folder, "open"], { uid: OTHER_USER, gid: OTHER_USER });
    expect(answer.stdout).toContain("store-unreachable");
  });
});

describe.skipIf(!canMount())("on a tiny file system (needs root and unshare)", () => {
  test("C20: a full store is store-full, harms nothing, and can be written again after room was made", async () => {
    const folder = await freshFolder();
    const script = `mount -t tmpfs -o size=1m none "${folder}" && exec "$@"`;
    const answer = await runFixture([folder, "fill"], {}, [...PRIVATE_MOUNTS, script, "sh"]);
    expect(answer.stderr).toBe("");
    expect(JSON.parse(answer.stdout)).toEqual({
      code: "store-full",
      unharmed: true,
      absent: true,
      temporaryFiles: 0,
      afterwards: "created",
    });
  });
});
