import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SpotproofError, liveThreads } from "../../base/index.ts";
import { type Store, createMemoryStore } from "../../store/index.ts";
import { JOB, describeTree, noise, openBench, save } from "../folder.fixture.ts";
import { chunkHash, isChunk } from "../format/chunk.ts";
import { FILE_CHUNKS, chunkEnd } from "../format/chunker.ts";
import { nastyTree } from "../nasty-tree.fixture.ts";
import { readEntries, readManifest } from "../restore/read-checkpoint.ts";

const MIB = 1024 * 1024;

/** A folder that is worth threads: many small files of all lengths, large ones whose ends lie everywhere in a block. */
function bigTree(work: string): void {
  fs.mkdirSync(work);
  nastyTree(work);
  fs.mkdirSync(join(work, "many"));
  for (let number = 0; number < 700; number += 1) {
    const length = [0, 1, 100, 4096, 65_536, 65_537, 200_000, MIB][number % 8] ?? 0;
    fs.writeFileSync(join(work, "many", `${number}`), noise(length >> (number > 100 ? 4 : 0), number));
  }
  for (const [name, length] of [
    ["one block", 8 * MIB],
    ["a byte more", 8 * MIB + 1],
    ["two and a bit", 17 * MIB],
    ["just large", MIB + 1],
  ] as const)
    fs.writeFileSync(join(work, name), noise(length, length));
  fs.writeFileSync(join(work, "text"), "compressible text ".repeat(600_000));
  const hole = fs.openSync(join(work, "hole"), "w");
  fs.writeSync(hole, noise(MIB, 77), 0, MIB, 30 * MIB);
  fs.closeSync(hole);
}

/** The names of the chunks of a file that was never saved before. */
function cutByOneThread(bytes: Buffer): readonly string[] {
  const hashes: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = chunkEnd(bytes, start, bytes.length, FILE_CHUNKS);
    hashes.push(chunkHash(bytes.subarray(start, end)));
    start = end;
  }
  return hashes;
}

describe("a save that is worth threads", () => {
  test("brings back everything, and its threads end with it", async () => {
    const bench = openBench();
    bigTree(bench.work);
    const before = describeTree(bench.work);
    const saved = await save(bench.saver());
    await expect.poll(liveThreads).toBe(0);
    await bench.restore([saved.id]);
    await expect.poll(liveThreads).toBe(0);
    expect(describeTree(join(bench.base, "restored"))).toEqual(before);
  });

  test("cuts and names chunks as one thread does", async () => {
    const store = createMemoryStore();
    const bench = openBench(store);
    bigTree(bench.work);
    const { id } = await save(bench.saver());
    const source = { store, job: JOB, signal: undefined };
    const entries = await readEntries(source, await readManifest(source, id));
    let compared = 0;
    for (const entry of entries) {
      if (entry.type !== "file" || entry.sparse) continue;
      const bytes = fs.readFileSync(Buffer.from(`${bench.work}/${entry.path}`, "latin1"));
      const expected = cutByOneThread(bytes);
      expect(entry.parts.map((part) => (isChunk(part) ? part.hash : part))).toEqual(expected);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(700);
  });

  test("reads nothing again that did not change, and only what did", async () => {
    const bench = openBench();
    bigTree(bench.work);
    const saver = bench.saver();
    // What was written a moment ago is read again the next time, since its stat proves nothing yet.
    const long = new Date(Date.now() - 60_000);
    for (const name of fs.readdirSync(join(bench.work, "many")))
      fs.utimesSync(join(bench.work, "many", name), long, long);
    await expect.poll(async () => (await save(saver)).readBytes, { interval: 100, timeout: 20_000 }).toBe(0);
    fs.writeFileSync(join(bench.work, "many", "3"), "changed");
    expect((await save(saver)).readBytes).toBe(7);
  });

  test("that is given up while it reads rejects with the reason, and leaves no thread", async () => {
    const bench = openBench();
    bigTree(bench.work);
    const saver = bench.saver();
    for (const calls of [1, 3, 6]) {
      const abort = new AbortController();
      const reason = new Error("enough");
      let left = calls;
      const saving = saver.save({
        reason: "interval",
        confirm: async () => "valid",
        signal: abort.signal,
      });
      const stop = (): void => {
        left -= 1;
        if (left === 0) abort.abort(reason);
        else setImmediate(stop);
      };
      setImmediate(stop);
      await expect(saving).rejects.toBe(reason);
      await expect.poll(liveThreads).toBe(0);
    }
    const { id } = await save(saver);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });

  test("a buffer that a repeated read left with an earlier try is not used again", async () => {
    const store = createMemoryStore();
    const scribbled: Buffer[] = [];
    const bench = openBench({
      description: store.description,
      create: (...args) => store.create(...args),
      replace: (...args) => store.replace(...args),
      list: (...args) => store.list(...args),
      listFolders: (...args) => store.listFolders(...args),
      remove: (...args) => store.remove(...args),
      // Every answer lies elsewhere, and the first try goes on writing into what it was lent.
      read: (key, options) => {
        if (options?.into !== undefined) scribbled.push(options.into);
        for (const buffer of scribbled) buffer.fill("scribble");
        return store.read(key, options);
      },
    });
    bigTree(bench.work);
    const { id } = await save(bench.saver());
    await bench.restore([id]);
    expect(scribbled.length).toBeGreaterThan(5);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });
});

describe("the memory of saves that are worth threads", () => {
  /** A store that notes in which shared memory packs lie that it is given; it refuses them while `refuse` is set. */
  function watchingStore(): { readonly store: Store; readonly used: Set<unknown>; refuse: boolean } {
    const store = createMemoryStore();
    const watching = {
      used: new Set<unknown>(),
      refuse: false,
      store: {
        description: store.description,
        replace: (...args) => store.replace(...args),
        read: (...args) => store.read(...args),
        list: (...args) => store.list(...args),
        listFolders: (...args) => store.listFolders(...args),
        remove: (...args) => store.remove(...args),
        create: async (key, bytes, options) => {
          for (const { buffer } of bytes) if (buffer instanceof SharedArrayBuffer) watching.used.add(buffer);
          if (watching.refuse) throw new SpotproofError("store-full", "There is no room, says the test.");
          return store.create(key, bytes, options);
        },
      } satisfies Store as Store,
    };
    return watching;
  }

  const change = (work: string, seed: number): void => {
    fs.mkdirSync(work, { recursive: true });
    fs.writeFileSync(join(work, "large"), noise(33 * MIB, seed));
  };

  test("is that of the save before", async () => {
    const watching = watchingStore();
    const bench = openBench(watching.store);
    const saver = bench.saver();
    for (const seed of [1, 2, 3]) {
      change(bench.work, seed);
      await save(saver);
    }
    expect(watching.used.size).toBe(1);
  });

  test("is fresh after a save that failed: something may still be using that one's", async () => {
    const watching = watchingStore();
    const bench = openBench(watching.store);
    const saver = bench.saver();
    change(bench.work, 1);
    await save(saver);
    watching.refuse = true;
    change(bench.work, 2);
    await expect(save(saver)).rejects.toMatchObject({ code: "store-full" });
    const before = new Set(watching.used);
    watching.refuse = false;
    watching.used.clear();
    change(bench.work, 3);
    const { id } = await save(saver);
    expect(watching.used.size).toBe(1);
    for (const memory of watching.used) expect(before.has(memory)).toBe(false);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });
});

describe("a large file that was saved before", () => {
  // The first is cut on this thread, in two blocks.
  test.each([20, 60])("may be given up while it is read again (%i MiB)", async (mebibytes) => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "large");
    const write = (seed: number): void => fs.writeFileSync(path, noise(mebibytes * MIB, seed));
    const saver = bench.saver();
    write(1);
    await save(saver);
    for (const turns of [1, 2, 4, 8, 16, 32]) {
      write(2);
      const abort = new AbortController();
      const saving = save(saver, { signal: abort.signal }).catch((error: unknown) => error);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      abort.abort(new Error("enough"));
      await saving; // with either outcome, but not never
    }
    write(3);
    const { id } = await save(saver);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });

  const LENGTH = 70 * MIB + 12_345;
  const original = noise(LENGTH, 1);
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(original);
    change(bytes);
    return bytes;
  };
  const noisy = (bytes: Buffer, at: number, length: number): number => noise(length, at).copy(bytes, at);
  const INSERTED = noise(100_001, 5);

  test.each<[string, Buffer]>([
    ["was only touched", original],
    [
      "has changes here and there",
      changed((bytes) => [3, 17, 40, 41].map((at) => noisy(bytes, at * MIB, 500_000))),
    ],
    [
      "has changes across the blocks that it is read in",
      changed((bytes) => [8, 16, 48].map((at) => noisy(bytes, at * MIB - 9, 19))),
    ],
    [
      "has a byte changed at its front and its end",
      changed((bytes) => [0, LENGTH - 1].map((at) => noisy(bytes, at, 1))),
    ],
    ["has grown", Buffer.concat([original, noise(20 * MIB, 2)])],
    ["has grown by a byte", Buffer.concat([original, noise(1, 2)])],
    ["became shorter by blocks", original.subarray(0, 9 * MIB)],
    ["became shorter within a block", original.subarray(0, LENGTH - MIB)],
    ["has bytes inserted at its front", Buffer.concat([INSERTED, original])],
    [
      "has bytes inserted far inside",
      Buffer.concat([original.subarray(0, 50 * MIB), INSERTED, original.subarray(50 * MIB)]),
    ],
    ["is another one", noise(LENGTH, 3)],
    ["is half another one", changed((bytes) => noisy(bytes, 30 * MIB, 30 * MIB))],
  ])("and %s is cut as one that was not", async (_what, bytes) => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "large");
    // Two files, so that what is learnt from the first is there from the beginning of the second.
    fs.writeFileSync(path, original);
    fs.writeFileSync(`${path} too`, original);
    const saver = bench.saver();
    await save(saver);
    fs.writeFileSync(path, bytes);
    fs.writeFileSync(`${path} too`, bytes);
    const { id } = await save(saver);
    const source = { store: bench.store, job: JOB, signal: undefined };
    const entries = await readEntries(source, await readManifest(source, id));
    const expected = cutByOneThread(bytes);
    const files = entries.filter((entry) => entry.type === "file");
    expect(files).toHaveLength(2);
    for (const { parts } of files)
      expect(parts.map((part) => (isChunk(part) ? part.hash : part))).toEqual(expected);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });
});
