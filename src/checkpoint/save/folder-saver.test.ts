import { once } from "node:events";
import fs from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SpotproofError, attemptNumber, systemClock } from "../../base/index.ts";
import type { Store } from "../../store/index.ts";
import type { FolderSaver } from "../checkpoint.ts";
import { JOB, countingPause, describeTree, noise, openBench, save } from "../folder.fixture.ts";
import { createFolderSaver, listCheckpoints } from "../index.ts";

const MIB = 1024 * 1024;

/** Sets a file's times into the past, so that a stat proves that it is unchanged. */
function age(path: string): void {
  fs.utimesSync(path, 1_700_000_000, 1_700_000_000);
}

/** Waits until the file system's clock has left the time in which the files were written. */
async function afterTheRacyTime(folder: string): Promise<void> {
  const newest = Math.max(...fs.readdirSync(folder).map((name) => fs.lstatSync(join(folder, name)).ctimeMs));
  const probe = join(folder, "..", "probe");
  do {
    fs.writeFileSync(probe, "");
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  } while (fs.lstatSync(probe).ctimeMs < newest + 120);
}

describe("an incremental save", () => {
  test("reads nothing again and stores only a manifest when nothing changed", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "weights"), noise(3 * MIB, 1));
    await afterTheRacyTime(bench.work);
    const saver = bench.saver();
    const first = await save(saver);
    const second = await save(saver);
    expect(first.readBytes).toBe(3 * MIB);
    expect(second).toMatchObject({ readBytes: 0, files: 1, totalBytes: 3 * MIB });
    expect(second.storedBytes).toBeLessThan(4096);
    expect(second.id).not.toBe(first.id);
  });

  test("reads a file again that changed in the same tick of the clock as its last save", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const saver = bench.saver();
    for (let round = 0; round < 20; round += 1) {
      fs.writeFileSync(join(bench.work, "counter"), `round ${String(round).padStart(3, "0")}`);
      const { id } = await save(saver);
      const { restored } = await bench.restore([id]);
      expect(restored.id).toBe(id);
      expect(fs.readFileSync(join(bench.base, "restored", "counter"), "utf8")).toBe(
        `round ${String(round).padStart(3, "0")}`,
      );
    }
  });

  test("stores only the chunks around a change in place", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "weights");
    const bytes = noise(32 * MIB, 1);
    fs.writeFileSync(path, bytes);
    const saver = bench.saver();
    await save(saver);
    noise(1000, 2).copy(bytes, 20 * MIB);
    fs.writeFileSync(path, bytes);
    const { storedBytes, id } = await save(saver);
    expect(storedBytes).toBeLessThan(2 * MIB);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });

  test("stores less than 10 MiB when 1 MiB is inserted at the front of 64 MiB", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "log");
    const bytes = noise(64 * MIB, 1);
    fs.writeFileSync(path, bytes);
    const saver = bench.saver();
    await save(saver);
    fs.writeFileSync(path, Buffer.concat([noise(MIB, 2), bytes]));
    expect((await save(saver)).storedBytes).toBeLessThan(10 * MIB);
  });

  test("stores the unchanged part of a long file list once", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    for (let at = 0; at < 3000; at += 1) fs.writeFileSync(join(bench.work, `file-${at}`), `content ${at}`);
    const saver = bench.saver();
    await save(saver);
    fs.writeFileSync(join(bench.work, "file-1500"), "changed");
    const { storedBytes, files } = await save(saver);
    expect(files).toBe(3000);
    expect(storedBytes).toBeLessThan(100_000);
  });

  test("goes on from a restored folder without reading or storing it again", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "a"), noise(5 * MIB, 1));
    fs.writeFileSync(join(bench.work, "b"), noise(5 * MIB, 2));
    age(join(bench.work, "a"));
    const { id } = await save(bench.saver());
    const { restored } = await bench.restore([id], { folder: bench.work });
    fs.appendFileSync(join(bench.work, "b"), "more");
    const second = await save(bench.saver(2, restored));
    expect(second.id).toBe("000002-000001");
    expect(second.storedBytes).toBeLessThan(2 * MIB);
  });
});

describe("the command", () => {
  test("is resumed exactly once, whether the save succeeds or not", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const { pause, counts } = countingPause();
    const saver = bench.saver();
    await save(saver, { pause });
    const failing = saver.save({
      reason: "interval",
      pause,
      confirm: async () => "valid",
      note: () => {
        throw new Error("the note failed");
      },
    });
    await expect(failing).rejects.toThrow("the note failed");
    expect(counts).toEqual({ pauses: 2, resumes: 2 });
  });

  test("C12: is not taken for consistent when somebody else writes while it is paused", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "log");
    fs.writeFileSync(path, "x");
    const busy = setInterval(() => fs.appendFileSync(path, noise(100_000, 1)), 0);
    try {
      const pause = countingPause();
      const ended = await bench
        .saver()
        .save({ reason: "interval", pause: pause.pause, confirm: async () => "valid" })
        .catch((error: unknown) => error);
      // Whether it meets a quiet moment is chance; a fuzzy copy it never is.
      if (ended instanceof SpotproofError) expect(ended.code).toBe("folder-changing");
      expect(pause.counts.resumes).toBe(1);
    } finally {
      clearInterval(busy);
    }
  });

  test("has files that it maps saved anew each time, since their times say nothing", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "mapped");
    fs.writeFileSync(path, noise(2 * MIB, 1));
    await afterTheRacyTime(bench.work);
    const saver = bench.saver();
    const pause = async () => ({ mappedFiles: new Set([path]), resume: async () => undefined });
    await save(saver);
    expect((await save(saver, { pause })).readBytes).toBe(2 * MIB);
    expect((await save(saver)).readBytes).toBe(2 * MIB);
    expect((await save(saver)).readBytes).toBe(0);
  });

  test("is paused only for a copy of what changed since a large save began", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "large"), noise(40 * MIB, 1));
    await afterTheRacyTime(bench.work);
    let storedBeforePause = 0;
    const { pause } = countingPause();
    const bytes = async (): Promise<number> =>
      (await bench.store.list("jobs/")).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const saved = await save(bench.saver(), {
      pause: async () => {
        storedBeforePause = await bytes();
        return pause();
      },
    });
    expect(storedBeforePause).toBeGreaterThan(20 * MIB);
    expect(saved.readBytes).toBe(40 * MIB);
    expect(fs.readdirSync(bench.base).filter((name) => name.includes("spotproof"))).toEqual([]);
  });
});

describe("a save", () => {
  test("C18: refuses to begin while another one is under way", async () => {
    const saver = openBench().saver();
    const first = save(saver);
    await expect(save(saver)).rejects.toMatchObject({ code: "internal" });
    await first;
    await save(saver);
  });

  test("K01: that finds its attempt fenced out is not acknowledged", async () => {
    const result = await openBench()
      .saver()
      .save({ reason: "start", confirm: async () => "fenced-out" });
    expect(result).toEqual({ kind: "fenced-out" });
  });

  test("C08: never uses an id twice, not even with a second saver of the same attempt", async () => {
    const bench = openBench();
    const ids = [await save(bench.saver()), await save(bench.saver()), await save(bench.saver())].map(
      ({ id }) => id,
    );
    expect(ids).toEqual(["000001-000001", "000001-000002", "000001-000003"]);
  });

  test("writes down why, when and the note of the moment", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    await save(bench.saver(), { reason: "notice", note: () => ({ progress: { done: 4 } }) });
    const [listed] = await listCheckpoints(bench.store, JOB);
    expect(listed).toMatchObject({ kind: "readable", reason: "notice", note: { progress: { done: 4 } } });
  });

  test("leaves sockets and pipes out and names them; keeps what is Spotproof's own out of it", async () => {
    const bench = openBench();
    fs.mkdirSync(join(bench.work, ".spotproof-replaced"), { recursive: true });
    fs.mkdirSync(join(bench.work, "sub"));
    const server = createServer().listen(join(bench.work, "sub", "socket"));
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const saved = await save(bench.saver());
    expect(saved.skipped).toEqual(["sub/socket"]);
    await bench.restore([saved.id]);
    expect(fs.readdirSync(join(bench.base, "restored"))).toEqual(["sub"]);
  });

  test("C20: fails when the store is full, harms nothing, and goes on from what was stored once there is room", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "a"), noise(40 * MIB, 1));
    fs.writeFileSync(join(bench.work, "small"), "in a pack that does not become durable");
    await afterTheRacyTime(bench.work);
    const inner = bench.store;
    let room = 0;
    const create: Store["create"] = async (key, bytes, options) => {
      if (key.includes("/packs/") && room-- <= 0) throw new SpotproofError("store-full", "No room.");
      return inner.create(key, bytes, options);
    };
    const store = new Proxy(inner, {
      get: (target, name) => (name === "create" ? create : Reflect.get(target, name).bind(target)),
    });
    const saver = saverOn(store, bench.work);
    await expect(save(saver)).rejects.toMatchObject({ code: "store-full" });
    expect(await inner.list("jobs/train/checkpoints/")).toEqual([]);
    room = 1;
    await expect(save(saver)).rejects.toMatchObject({ code: "store-full" });
    room = 100;
    const { id, storedBytes } = await save(saver);
    expect(storedBytes).toBeLessThan(26 * MIB);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });

  test("that is given up rejects with the reason of the signal and commits nothing", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "a"), noise(20 * MIB, 1));
    const giveUp = new AbortController();
    const { pause, counts } = countingPause();
    const reason = new Error("the deadline is near");
    const saving = save(bench.saver(), {
      signal: giveUp.signal,
      pause: async () => {
        giveUp.abort(reason);
        return pause();
      },
    });
    await expect(saving).rejects.toBe(reason);
    expect(counts.resumes).toBe(1);
    expect(await bench.store.list("jobs/train/checkpoints/")).toEqual([]);
  });

  test("says which file cannot be used", async () => {
    const bench = openBench();
    fs.writeFileSync(bench.work, "a file");
    await expect(save(bench.saver())).rejects.toMatchObject({ code: "folder-unusable" });
  });

  test("creates the folder only for the first save of all; later its absence is not taken for emptiness", async () => {
    const bench = openBench();
    await save(bench.saver(), { reason: "start" });
    expect(fs.readdirSync(bench.work)).toEqual([]);
    fs.rmdirSync(bench.work);
    await expect(save(bench.saver(), { reason: "interval" })).rejects.toMatchObject({
      code: "folder-missing",
    });
    expect(fs.existsSync(bench.work)).toBe(false);
  });

  test("compresses what becomes smaller by it", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "text"), "step 1 loss 0.5\n".repeat(500_000));
    const { storedBytes, id } = await save(bench.saver());
    expect(storedBytes).toBeLessThan(MIB);
    await bench.restore([id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });

  test("C03: creates its manifest only when every pack is durable, and writes nothing after it", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "a"), noise(70 * MIB, 1));
    const inner = bench.store;
    const events: string[] = [];
    const create: Store["create"] = async (key, bytes, options) => {
      events.push(`begin ${key.includes("/packs/") ? "pack" : "manifest"}`);
      const result = await inner.create(key, bytes, options);
      events.push(`durable ${key.includes("/packs/") ? "pack" : "manifest"}`);
      return result;
    };
    const store = new Proxy(inner, {
      get: (target, name) => (name === "create" ? create : Reflect.get(target, name).bind(target)),
    });
    await save(saverOn(store, bench.work));
    expect(events.slice(-2)).toEqual(["begin manifest", "durable manifest"]);
    expect(events.filter((event) => event === "durable pack").length).toBe(5);
    expect(events.indexOf("begin manifest")).toBeGreaterThan(events.lastIndexOf("durable pack"));
  });

  test("C11: of an attempt that lost its job does not disturb its successor: nothing is locked", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    fs.writeFileSync(join(bench.work, "a"), noise(MIB, 1));
    const elsewhere = join(bench.base, "other machine");
    fs.mkdirSync(elsewhere);
    fs.writeFileSync(join(elsewhere, "a"), noise(MIB, 1));
    const zombie = saverOn(bench.store, elsewhere);
    const { id } = await save(zombie);
    const { restored } = await bench.restore([id], { folder: bench.work });
    const successor = bench.saver(2, restored, [id]);
    for (let round = 0; round < 4; round += 1) {
      fs.writeFileSync(join(elsewhere, "a"), noise(MIB, round + 50));
      fs.writeFileSync(join(bench.work, "a"), noise(MIB, round + 10));
      const late = zombie.save({ reason: "interval", confirm: async () => "fenced-out" });
      const own = await save(successor);
      expect(await late).toEqual({ kind: "fenced-out" });
      await successor.prune({ last: 2 });
      await bench.restore([own.id]);
      expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
    }
  });
});

function saverOn(store: Store, folder: string): FolderSaver {
  return createFolderSaver({ store, job: JOB, attempt: attemptNumber(1), clock: systemClock, folder });
}
