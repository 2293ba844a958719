import { describe, expect, test } from "vitest";
import { type CheckpointId, SpotproofError, checkpointId, attemptNumber } from "../../base/index.ts";
import { type Store, createMemoryStore } from "../../store/index.ts";
import { manifestKey } from "../../store/keys.ts";
import { bytesAt, contentsSaver, loadAll, loaded, saveContents } from "../contents.fixture.ts";
import type { Content } from "../contents.ts";
import { JOB, describeTree, noise, openBench, save } from "../folder.fixture.ts";
import { readContents, verifyCheckpoint } from "../index.ts";

/** Counts what is created, and can refuse it. */
function watched(store: Store = createMemoryStore()): {
  store: Store;
  created: string[];
  full: { at?: number };
} {
  const created: string[] = [];
  const full: { at?: number } = {};
  const create: Store["create"] = async (key, bytes, options) => {
    if (full.at !== undefined && created.length >= full.at) throw new SpotproofError("store-full", "no room");
    created.push(key);
    return store.create(key, bytes, options);
  };
  return { store: { ...bound(store), create }, created, full };
}

function bound(store: Store): Store {
  return {
    description: store.description,
    create: store.create.bind(store),
    replace: store.replace.bind(store),
    read: store.read.bind(store),
    list: store.list.bind(store),
    listFolders: store.listFolders.bind(store),
    remove: store.remove.bind(store),
  };
}

async function manifestOf(
  store: Store,
  id: CheckpointId,
): Promise<{ bytes: number; json: Record<string, unknown> }> {
  const bytes = (await store.read(manifestKey(JOB, id))) ?? Buffer.alloc(0);
  return { bytes: bytes.length, json: JSON.parse(bytes.toString()) as Record<string, unknown> };
}

describe("a save of contents", () => {
  test("of a small state creates one object, a manifest of format 2", async () => {
    const { store, created } = watched();
    const saver = contentsSaver(store);
    const { id } = await saveContents(saver, [
      bytesAt("s/position.json", '{"step":', "7}"),
      bytesAt("s/state", noise(20_000, 1)),
    ]);
    expect(created).toEqual([manifestKey(JOB, id)]);
    expect((await manifestOf(store, id)).json).toMatchObject({ format: 2, files: 2, packs: {} });
    const { all } = await loaded(store, [id]);
    expect(all.get("s/position.json")?.toString()).toBe('{"step":7}');
    expect(all.get("s/state")).toEqual(Buffer.from(noise(20_000, 1)));
  });

  test("with contents of every size comes back byte for byte, and what did not change is not stored again", async () => {
    const { store, created } = watched();
    const sizes = [0, 1, 24 * 1024, 24 * 1024 + 1, 3_000_000, 9_000_000, 26_000_000];
    const contents = sizes.map((size, at): Content => {
      const bytes = noise(size, at);
      const cut = Math.floor(size / 3);
      return bytesAt(`state.${at}`, bytes.subarray(0, cut), bytes.subarray(cut));
    });
    const saver = contentsSaver(store);
    const first = await saveContents(saver, contents);
    const { all, restored } = await loaded(store, [first.id]);
    for (const [at, size] of sizes.entries())
      expect(all.get(`state.${at}`)?.equals(noise(size, at)), `${size} bytes`).toBe(true);
    const objects = created.length;
    const changed = noise(26_000_000, 6);
    changed[13_000_000] = (changed[13_000_000] ?? 0) ^ 1;
    const goesOn = contentsSaver(store, 2, restored);
    const second = await saveContents(goesOn, [...contents.slice(0, 6), bytesAt("state.6", changed)]);
    expect(created.length).toBe(objects + 2);
    expect(second.storedBytes).toBeLessThan(2_500_000);
    const unchanged = sizes.map((_, at): Content => ({ kind: "unchanged", path: `state.${at}` }));
    const third = await saveContents(goesOn, unchanged);
    expect(created.length).toBe(objects + 3);
    expect(third.readBytes).toBe(0);
    expect((await loaded(store, [third.id])).all.get("state.6")?.equals(changed)).toBe(true);
    expect(await verifyCheckpoint(store, JOB, third.id, { depth: "bytes" })).toMatchObject({ kind: "sound" });
  });

  test("can be restored as a folder, and a folder's saver goes on from there in format 1", async () => {
    const bench = openBench();
    const log = contentsSaver(bench.store).openLog("x");
    expect(log.sizeBytes).toBe(0);
    const saver = contentsSaver(bench.store);
    const { id } = await saveContents(saver, [
      bytesAt("a", "A"),
      bytesAt("b/c/d", "D"),
      bytesAt("big", noise(100_000, 1)),
    ]);
    const { restored } = await bench.restore([id], { folder: bench.work });
    expect(describeTree(bench.work).join("\n")).toContain("b/c/d");
    const next = await save(bench.saver(2, restored));
    expect((await manifestOf(bench.store, next.id)).json).toMatchObject({ format: 1, files: 3 });
    const { all } = await loaded(bench.store, [next.id]);
    expect([...all.keys()]).toEqual(["a", "b/c/d", "big"]);
    expect(all.get("a")?.toString()).toBe("A");
  });

  test("that is fenced out, or fails, changes nothing of what the next one takes as unchanged", async () => {
    const { store, created, full } = watched();
    const saver = contentsSaver(store);
    const log = saver.openLog("log");
    log.append(Buffer.from("one "));
    await saveContents(saver, [bytesAt("state", "first"), { kind: "log", path: "log", log }]);
    log.append(Buffer.from("two "));
    const contents: readonly Content[] = [
      bytesAt("state", noise(50_000, 1)),
      { kind: "log", path: "log", log },
    ];
    const fenced = await saver.save({ reason: "request", confirm: async () => "fenced-out", contents });
    expect(fenced.kind).toBe("fenced-out");
    full.at = created.length;
    await expect(saveContents(saver, contents)).rejects.toMatchObject({ code: "store-full" });
    full.at = created.length + 1; // the pack finds room, the manifest does not
    log.append(noise(20_000, 3));
    await expect(saveContents(saver, contents)).rejects.toMatchObject({ code: "store-full" });
    delete full.at;
    log.append(noise(40_000, 2));
    const { id } = await saveContents(saver, [
      { kind: "unchanged", path: "state" },
      { kind: "log", path: "log", log },
    ]);
    const { all } = await loaded(store, [id]);
    expect(all.get("state")?.toString()).toBe("first");
    expect(
      all.get("log")?.equals(Buffer.concat([Buffer.from("one two "), noise(20_000, 3), noise(40_000, 2)])),
    ).toBe(true);
  });

  test("C18: does not take place beside another one", async () => {
    const saver = contentsSaver(createMemoryStore());
    const first = saveContents(saver, [bytesAt("a", "1")]);
    await expect(saveContents(saver, [bytesAt("a", "2")])).rejects.toMatchObject({ code: "internal" });
    await first;
    await saveContents(saver, [bytesAt("a", "3")]);
  });

  test("rejects with the reason of its signal, and commits nothing", async () => {
    const { store, created } = watched();
    const saver = contentsSaver(store);
    const reason = new Error("enough");
    const aborted = { signal: AbortSignal.abort(reason) };
    await expect(saveContents(saver, [bytesAt("a", "1")], aborted)).rejects.toBe(reason);
    const controller = new AbortController();
    const saving = saveContents(saver, [bytesAt("a", noise(30_000_000, 1))], { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(saving).rejects.toBe(reason);
    expect(created.filter((key) => key.endsWith(".json"))).toEqual([]);
    await saveContents(saver, [bytesAt("a", "2")]);
  });

  test.each([
    ["an absolute path", ["/a"]],
    ["a path that leads out", ["../a"]],
    ["an empty path", [""]],
    ["half a character", ["\ud800"]],
    ["a NUL", ["a\0"]],
    ["a name of Spotproof's own", [".spotproof-staging"]],
    ["a path twice", ["a", "a"]],
    ["a file that is a folder", ["a", "a/b"]],
  ])("is refused with %s", async (_, paths) => {
    const saver = contentsSaver(createMemoryStore());
    const contents = paths.map((path) => bytesAt(path, "x"));
    await expect(saveContents(saver, contents)).rejects.toMatchObject({ code: "internal" });
  });

  test("is refused when something is unchanged that was never saved, or a log was left out", async () => {
    const saver = contentsSaver(createMemoryStore());
    await expect(saveContents(saver, [{ kind: "unchanged", path: "a" }])).rejects.toMatchObject({
      code: "internal",
    });
    const log = saver.openLog("log");
    log.append(Buffer.from("1"));
    await saveContents(saver, [bytesAt("a", "x")]);
    await expect(saveContents(saver, [{ kind: "log", path: "log", log }])).rejects.toMatchObject({
      code: "internal",
    });
    expect(saver.openLog("log").sizeBytes).toBe(0);
  });
});

describe("a log", () => {
  test("has what lay one behind the other in memory once, also what came while a save was under way or had failed", async () => {
    const bench = openBench();
    const saver = contentsSaver(bench.store);
    const log = saver.openLog("log");
    const content: Content = { kind: "log", path: "log", log };
    const slab = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 251));
    const append = (from: number, to: number): void => {
      for (let at = from; at < to; at += 10) log.append(slab.subarray(at, at + 10));
    };
    append(0, 100);
    const saving = saveContents(saver, [content]);
    append(100, 200);
    expect((await loaded(bench.store, [(await saving).id])).all.get("log")).toEqual(slab.subarray(0, 100));
    await expect(saveContents(saver, [content, content])).rejects.toThrow();
    append(200, 300);
    const last = (await saveContents(saver, [content])).id;
    expect((await loaded(bench.store, [last])).all.get("log")).toEqual(slab);
  });

  test("of 100,000 records in 1,000 saves costs one object a save and a short manifest, and comes back whole", async () => {
    const { store, created } = watched();
    const saver = contentsSaver(store);
    const log = saver.openLog("items.log");
    const content: Content = { kind: "log", path: "items.log", log };
    const record = (at: number): string => `{"key":"https://example.org/${at}","value":${at}}\n`;
    let longest = 0;
    let last = checkpointId(attemptNumber(1), 1);
    const ids: CheckpointId[] = [];
    for (let at = 0; at < 100_000; at += 1) {
      log.append(Buffer.from(record(at)));
      if (at % 100 !== 99) continue;
      last = (await saveContents(saver, [content])).id;
      ids.push(last);
      longest = Math.max(longest, (await manifestOf(store, last)).bytes);
    }
    const packs = created.filter((key) => key.includes("/packs/")).length;
    expect(packs).toBeLessThan(520); // 4.9 MB, in tails of somewhat more than 8 KiB
    expect(longest).toBeLessThan(40_000);
    const { all, restored } = await loaded(store, [last]);
    expect(all.get("items.log")?.toString()).toBe(
      Array.from({ length: 100_000 }, (_, at) => record(at)).join(""),
    );
    const json = JSON.stringify((await manifestOf(store, last)).json);
    expect(json.match(/"[0-9a-f]{64}",/g)?.length).toBeLessThan(4 + 34 + 1);

    const goesOn = contentsSaver(store, 2, restored, ids);
    const again = goesOn.openLog("items.log");
    expect(again.sizeBytes).toBe(log.sizeBytes);
    for (let round = 0; round < 70; round += 1) {
      again.append(noise(20_000, round));
      last = (await saveContents(goesOn, [{ kind: "log", path: "items.log", log: again }])).id;
    }
    const rest = Array.from({ length: 70 }, (_, round) => noise(20_000, round));
    const whole = Buffer.concat([all.get("items.log") ?? Buffer.alloc(0), ...rest]);
    expect((await loaded(store, [last])).all.get("items.log")?.equals(whole)).toBe(true);
    const refs = JSON.stringify((await manifestOf(store, last)).json).match(/"[0-9a-f]{64}",/g) ?? [];
    expect(refs.length).toBeLessThan(6 + 34 + 1);
    await goesOn.prune({ last: 2 });
    last = (await saveContents(goesOn, [{ kind: "log", path: "items.log", log: again }])).id;
    expect((await loaded(store, [last])).all.get("items.log")?.equals(whole)).toBe(true);
  }, 60_000);

  test("that is appended to while a save is under way gives that to the next one", async () => {
    const store = createMemoryStore();
    const saver = contentsSaver(store);
    const log = saver.openLog("log");
    const content: Content = { kind: "log", path: "log", log };
    log.append(noise(17_000, 1));
    const saving = saveContents(saver, [content]);
    log.append(Buffer.from("later"));
    const first = await saving;
    expect((await loaded(store, [first.id])).all.get("log")?.equals(noise(17_000, 1))).toBe(true);
    const second = await saveContents(saver, [content]);
    const whole = Buffer.concat([noise(17_000, 1), Buffer.from("later")]);
    expect((await loaded(store, [second.id])).all.get("log")?.equals(whole)).toBe(true);
  });

  test("that came at once is cut into chunks of 1 MiB", async () => {
    const store = createMemoryStore();
    const saver = contentsSaver(store);
    const log = saver.openLog("log");
    const all = noise(7_500_000, 1);
    for (let at = 0; at < all.length; at += 1000) log.append(all.subarray(at, at + 1000));
    const { id } = await saveContents(saver, [{ kind: "log", path: "log", log }]);
    expect((await loaded(store, [id])).all.get("log")?.equals(all)).toBe(true);
  });
});

test("one content of one checkpoint can be read later, and what it does not have is said", async () => {
  const store = createMemoryStore();
  const all = noise(20_000_000, 1);
  const { id } = await saveContents(contentsSaver(store), [bytesAt("results.log", all), bytesAt("b", "x")]);
  const contents = await readContents(store, JOB, id);
  expect([...contents.files]).toEqual([
    ["b", 1],
    ["results.log", 20_000_000],
  ]);
  let at = 0;
  for await (const piece of contents.stream("results.log")) {
    expect(piece.equals(all.subarray(at, at + piece.length))).toBe(true);
    at += piece.length;
    if (at > 12_000_000) break;
  }
  await expect(contents.read("missing")).rejects.toMatchObject({ code: "internal" });
  await expect(contents.read("results.log", Buffer.alloc(10))).rejects.toMatchObject({ code: "internal" });
  const absent = readContents(store, JOB, checkpointId(attemptNumber(1), 9));
  await expect(absent).rejects.toMatchObject({ code: "checkpoint-not-found" });
});

describe("C01: damage", () => {
  test.each(["manifest", "pack"])("in the %s is said, and the checkpoint before is loaded", async (where) => {
    const store = createMemoryStore();
    const saver = contentsSaver(store);
    const first = await saveContents(saver, [bytesAt("small", "inline"), bytesAt("large", noise(50_000, 1))]);
    const second = await saveContents(saver, [
      bytesAt("small", "INLINE"),
      bytesAt("large", noise(50_000, 2)),
    ]);
    const key = where === "manifest" ? manifestKey(JOB, second.id) : `jobs/${JOB}/packs/000001/000002`;
    const bytes = (await store.read(key)) ?? Buffer.alloc(0);
    const at = where === "manifest" ? bytes.indexOf(Buffer.from("INLINE").toString("base64")) : 1000;
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await store.replace(key, [bytes]);
    const said: string[] = [];
    const opened = await loadAll(store, [second.id, first.id], (id) => said.push(id));
    expect(opened).toMatchObject({ kind: "loaded", id: first.id, skipped: [{ id: second.id }] });
    expect(said).toEqual([second.id]);
    expect(await loadAll(store, [second.id])).toMatchObject({ kind: "none", skipped: [{ id: second.id }] });
    expect(await loadAll(store, [])).toEqual({ kind: "none", skipped: [] });
  });
});
