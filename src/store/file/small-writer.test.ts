import sync from "node:fs";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { liveThreads } from "../../base/index.ts";
import { type FileStore, openFileStore } from "./file-store.ts";
import {
  type SmallJob,
  type SmallOutcome,
  type SmallWriterFs,
  makeSmallWriter,
} from "./small-writer-program.ts";

const folders: string[] = [];
const stores: FileStore[] = [];

async function openThreaded(): Promise<FileStore> {
  const folder = await fs.mkdtemp(join(tmpdir(), "spotproof-small-"));
  folders.push(folder);
  const store = await openFileStore(join(folder, "store"), { threadAfter: 2 });
  stores.push(store);
  return store;
}

afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  for (const folder of folders.splice(0)) await fs.rm(folder, { recursive: true, force: true });
});

const bytes = (text: string): readonly Uint8Array[] => [Buffer.from(text)];

/** Makes three objects in `a/`: the thread has begun, and the folder is known. */
async function warmUp(store: FileStore): Promise<void> {
  for (const key of ["a/1", "a/2", "a/3"]) await store.create(key, bytes(key));
}

test("a thread creates small objects once there were some, and leaves no temporary file", async () => {
  const before = liveThreads();
  const store = await openThreaded();
  await store.create("a/1", bytes("one"));
  await store.create("a/2", bytes("two"));
  expect(liveThreads()).toBe(before);
  await store.create("a/3", bytes("three"));
  expect(liveThreads()).toBe(before + 1);
  expect(await store.create("a/4", bytes("four"))).toBe("created");
  expect(await store.create("a/4", bytes("other"))).toBe("exists");
  expect((await store.read("a/4"))?.toString()).toBe("four");
  await store.removeAll?.(["a/1", "a/none"]);
  expect((await store.list("a/")).map(({ key }) => key)).toEqual(["a/2", "a/3", "a/4"]);
  expect(await fs.readdir(join(store.folder, "tmp"))).toEqual([]);
});

test("the look after a create sees what was there before it, and is never surer than it can be", async () => {
  const store = await openThreaded();
  const cold = await store.createAndLook?.("b/1", bytes("x"), ["b/none"]);
  expect(cold).toEqual({ created: "created", allAbsent: false });
  await warmUp(store);
  const look = async (key: string, absent: readonly string[]) =>
    store.createAndLook?.(key, bytes(key), absent);
  expect(await look("a/4", ["a/none", "elsewhere/none"])).toEqual({ created: "created", allAbsent: true });
  expect(await look("a/5", ["a/none", "a/4"])).toEqual({ created: "created", allAbsent: false });
  expect(await look("a/5", ["a/none"])).toEqual({ created: "exists", allAbsent: true });
});

test("when a folder is gone, the usual way makes it again", async () => {
  const store = await openThreaded();
  await warmUp(store);
  await fs.rm(join(store.folder, "tmp"), { recursive: true });
  expect(await store.create("a/4", bytes("four"))).toBe("created");
  await fs.rm(join(store.folder, "a"), { recursive: true });
  expect(await store.create("a/5", bytes("five"))).toBe("created");
  expect((await store.list("a/")).map(({ key }) => key)).toEqual(["a/5"]);
});

test("what is in the way of a create is told as without the thread", async () => {
  const store = await openThreaded();
  await warmUp(store);
  await fs.rm(store.folder, { recursive: true });
  await expect(store.create("a/4", bytes("four"))).rejects.toThrow(/still mounted.*store-unreachable/);
});

test("when the thread has ended, all goes on in the usual way", async () => {
  const store = await openThreaded();
  await warmUp(store);
  const creating = Array.from({ length: 20 }, (_, i) => store.create(`a/x${i}`, bytes("x")));
  store.close();
  // Of those that the thread has done, but had no time to say so, the usual way says that they exist.
  for (const outcome of await Promise.all(creating)) expect(outcome).toMatch(/^(created|exists)$/);
  expect((await store.list("a/")).length).toBe(23);
  expect(await store.create("a/4", bytes("four"))).toBe("created");
  expect(await store.read("a/none")).toBeUndefined();
});

const CALLS = [
  "openSync",
  "closeSync",
  "writeSync",
  "fsyncSync",
  "linkSync",
  "unlinkSync",
  "statSync",
] as const;

/** The calls to the system, in order; from the one with the number on, before or after it, the machine is dead. */
function dying(
  callNumber: number,
  when: "before" | "after",
): { readonly fs: SmallWriterFs; readonly calls: string[] } {
  const calls: string[] = [];
  const names = new Map<number, string>();
  const wrap = (name: (typeof CALLS)[number]) => {
    const original = sync[name] as (...args: readonly unknown[]) => unknown;
    return (...args: readonly unknown[]): unknown => {
      const number = calls.length;
      const [target] = args;
      calls.push(`${name} ${typeof target === "number" ? (names.get(target) ?? "") : String(target)}`);
      if (number > callNumber || (number === callNumber && when === "before")) throw new Error("dead");
      const result = original(...args);
      if (name === "openSync") names.set(result as number, String(target));
      if (number === callNumber) throw new Error("dead");
      return result;
    };
  };
  const wrapped = Object.fromEntries(CALLS.map((name) => [name, wrap(name)]));
  return { fs: wrapped as unknown as SmallWriterFs, calls };
}

async function createDying(
  callNumber: number,
  when: "before" | "after",
): Promise<{
  readonly outcome: SmallOutcome;
  readonly calls: readonly string[];
  readonly content: string | undefined;
}> {
  const folder = await fs.mkdtemp(join(tmpdir(), "spotproof-small-"));
  folders.push(folder);
  await fs.mkdir(join(folder, "tmp"));
  await fs.mkdir(join(folder, "a"));
  const machine = dying(callNumber, when);
  let outcome: SmallOutcome | undefined;
  const job: SmallJob = {
    id: 1,
    kind: "create",
    bytes: Buffer.from("whole"),
    temporary: join(folder, "tmp/t"),
    path: join(folder, "a/object"),
    folder: join(folder, "a"),
    absent: [],
  };
  makeSmallWriter(machine.fs, (_, said) => (outcome ??= said))(job);
  const content = await fs.readFile(join(folder, "a/object"), "utf8").catch(() => undefined);
  const calls = machine.calls.map((call) => call.replaceAll(`${folder}/`, ""));
  if (outcome === undefined) throw new Error("No answer.");
  return { outcome, calls, content };
}

test("F1 F2: the bytes are durable before the name, and the name before the answer", async () => {
  const { outcome, calls } = await createDying(Number.POSITIVE_INFINITY, "before");
  expect(outcome).toBe("created");
  expect(calls).toEqual([
    "openSync tmp/t",
    "writeSync tmp/t",
    "fsyncSync tmp/t",
    "closeSync tmp/t",
    "linkSync tmp/t",
    "openSync a",
    "fsyncSync a",
    "closeSync a",
    "unlinkSync tmp/t",
  ]);
});

test("C01: whichever call is the last, before or after it, there is a whole object or none, and success only when it is durable", async () => {
  const { calls: all } = await createDying(Number.POSITIVE_INFINITY, "before");
  for (let call = 0; call < all.length; call += 1) {
    for (const when of ["before", "after"] as const) {
      const { outcome, calls, content } = await createDying(call, when);
      const told = `${when} ${all[call]}: ${outcome}`;
      expect([undefined, "whole"], told).toContain(content);
      if (outcome === "created") expect(calls.indexOf("fsyncSync a"), told).toBeLessThan(call);
      if (outcome === "created" || outcome === "named") expect(content, told).toBe("whole");
    }
  }
});
