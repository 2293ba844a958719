import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { liveThreads } from "../../base/index.ts";
import { freshFolder, noise } from "../folder.fixture.ts";
import { FolderPath } from "../save/folder-path.ts";
import { lstatFile } from "../save/scan.ts";
import { Crew } from "./crew.ts";
import type { FileReads } from "./file-batches.ts";
import { openWorkshop } from "./open-workshop.ts";
import { openThreadWorkshop } from "./thread-workshop.ts";
import { openWorkerWorkshop } from "./worker-workshop.ts";
import { USUAL_BLOCKS, type Workshop } from "./workshop.ts";
import { MemoryKeeper } from "./workshop-memory.ts";

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const opened: Workshop[] = [];
function open(kind: () => Workshop): Workshop {
  const workshop = kind();
  opened.push(workshop);
  return workshop;
}
afterEach(async () => {
  for (const workshop of opened.splice(0)) workshop.close("failure");
  await expect.poll(liveThreads).toBe(0);
});

describe.each([
  ["on this thread", openThreadWorkshop],
  ["with threads of its own", () => openWorkerWorkshop()],
])("a workshop %s", (_name, kind) => {
  test("hashes the spans of a block, in their order", async () => {
    const workshop = open(kind);
    const block = await workshop.takeBlock();
    noise(MIB, 3).copy(block.bytes, 1000);
    const spans = [
      { start: 1000, end: 1000 + MIB },
      { start: 5000, end: 5000 },
      { start: 1001, end: 90_000 },
    ];
    const expected = spans.map(({ start, end }) => sha256(block.bytes.subarray(start, end)));
    expect(await workshop.hash(block, spans)).toEqual(expected);
    expect(await workshop.hash(block, [])).toEqual([]);
  });

  test("lends each block to one at a time, and serves who waits in order", async () => {
    const workshop = open(kind);
    const lent = [await workshop.takeBlock(), await workshop.takeBlock()];
    while (lent.length < USUAL_BLOCKS && workshop.readFiles !== undefined)
      lent.push(await workshop.takeBlock());
    lent.forEach(({ bytes }, number) => bytes.fill(number));
    expect(lent.map(({ bytes }) => bytes[0])).toEqual(lent.map((_, number) => number));
    const order: number[] = [];
    const waiting = [1, 2].map((number) => workshop.takeBlock().then(() => order.push(number)));
    await Promise.resolve();
    expect(order).toEqual([]);
    lent[0]?.release();
    lent[1]?.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
  });
});

describe("threads that read files", () => {
  test("S12 C12: tell what they read from what changed, vanished, or cannot be read", async () => {
    const root = freshFolder();
    const folder = new FolderPath(root);
    const contents = new Map<string, Buffer>([
      ["a", noise(10_000, 1)],
      ["empty", Buffer.alloc(0)],
      ["longer", noise(500, 2)],
      ["gone", noise(10, 3)],
      ["linked", noise(10, 4)],
      ["folder", noise(10, 5)],
      ["n\u00e4me", noise(70_000, 6)],
    ]);
    for (const [name, bytes] of contents) writeFileSync(join(root, name), bytes);
    let at = 0;
    const files = [...contents].map(([name, { length }]) => {
      const path = Buffer.from(name).toString("latin1");
      const stat = lstatFile(folder, path);
      if (stat === undefined) throw new Error(name);
      const file = { path, stat, at };
      at += length;
      return file;
    }) satisfies FileReads["files"];
    writeFileSync(join(root, "longer"), noise(501, 2));
    for (const name of ["gone", "linked", "folder"]) rmSync(join(root, name));
    symlinkSync("a", join(root, "linked"));
    mkdirSync(join(root, "folder"));

    const workshop = open(() => openWorkerWorkshop());
    const block = await workshop.takeBlock();
    const outcomes = (await workshop.readFiles?.(block, { folder: root, files })) ?? [];
    expect(outcomes.map((outcome) => (outcome instanceof Error ? "error" : outcome))).toEqual([
      "read",
      "read",
      "changed",
      "changed",
      "error",
      "error",
      "read",
    ]);
    expect(outcomes[4]).toMatchObject({ code: "ELOOP", syscall: "open" });
    expect(outcomes[5]).toMatchObject({ code: "EISDIR", syscall: "read" });
    for (const number of [0, 6]) {
      const { at: begin = 0, stat } = files[number] ?? {};
      const read = block.bytes.subarray(begin, begin + (stat?.size ?? 0));
      expect(read.equals([...contents.values()][number] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test("are not started for little", async () => {
    open(() => openWorkshop(1000, 10, new MemoryKeeper()));
    expect(liveThreads()).toBe(0);
  });

  test("whose end comes unexpectedly leave their jobs to this thread", async () => {
    const buffer = new SharedArrayBuffer(MIB);
    noise(MIB, 9).copy(Buffer.from(buffer));
    const crew = new Crew(buffer, 2, "throw new Error('no thread for you');");
    const spans = Uint32Array.of(0, MIB);
    const answers = await Promise.all([1, 2, 3].map(() => crew.give({ kind: "hash", spans })));
    for (const { hashes } of answers)
      expect(Buffer.from(hashes ?? []).toString("hex")).toBe(sha256(Buffer.from(buffer)));
    await expect.poll(liveThreads).toBe(0);
    expect((await crew.give({ kind: "hash", spans })).hashes).toHaveLength(32);
    crew.close();
    await expect(crew.give({ kind: "hash", spans })).rejects.toMatchObject({ code: "internal" });
  });

  test("are ended by closing, and what was under way rejects", async () => {
    const workshop = open(() => openWorkerWorkshop());
    const block = await workshop.takeBlock();
    const hashing = workshop.hash(block, [{ start: 0, end: 8 * MIB }]);
    workshop.close("failure");
    await expect(hashing).rejects.toMatchObject({ code: "internal" });
  });
});
