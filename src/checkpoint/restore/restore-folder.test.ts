import fs from "node:fs";
import fsPromises from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type CheckpointId, SpotproofError, attemptNumber, checkpointId } from "../../base/index.ts";
import { type Store, manifestKey } from "../../store/index.ts";
import { type Bench, JOB, describeTree, noise, openBench, save } from "../folder.fixture.ts";
import { restoreTo, verifyCheckpoint } from "../index.ts";

const MIB = 1024 * 1024;

/** A job with two checkpoints, newest first, and what the folder was at the moment of each. */
async function twoCheckpoints(): Promise<{
  readonly bench: Bench;
  readonly lineage: readonly CheckpointId[];
  readonly trees: readonly (readonly string[])[];
}> {
  const bench = openBench();
  fs.mkdirSync(join(bench.work, "sub"), { recursive: true });
  fs.writeFileSync(join(bench.work, "weights"), noise(2 * MIB, 1));
  const saver = bench.saver();
  const first = await save(saver, { note: () => ({ step: 1 }) });
  const older = describeTree(bench.work);
  fs.writeFileSync(join(bench.work, "sub", "more"), noise(MIB, 2));
  const second = await save(saver, { note: () => ({ step: 2 }) });
  return { bench, lineage: [second.id, first.id], trees: [describeTree(bench.work), older] };
}

async function keysOf(store: Store, part: string): Promise<readonly string[]> {
  return (await store.list("jobs/")).map(({ key }) => key).filter((key) => key.includes(part));
}

async function flipBit(store: Store, key: string, share: number): Promise<void> {
  const bytes = (await store.read(key)) as Buffer;
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share));
  bytes[at] = (bytes[at] as number) ^ 4;
  await store.replace(key, [bytes]);
}

const damages: readonly (readonly [string, (store: Store) => Promise<void>])[] = [
  [
    "flipped bit in the middle of its pack",
    async (store) => flipBit(store, (await keysOf(store, "packs/")).at(-1) ?? "", 0.5),
  ],
  [
    "flipped bit in its first record's header",
    async (store) => flipBit(store, (await keysOf(store, "packs/")).at(-1) ?? "", 20 / MIB),
  ],
  [
    "pack cut to its half",
    async (store) => {
      const key = (await keysOf(store, "packs/")).at(-1) ?? "";
      const bytes = (await store.read(key)) as Buffer;
      await store.replace(key, [bytes.subarray(0, bytes.length / 2)]);
    },
  ],
  ["pack missing", async (store) => store.remove((await keysOf(store, "packs/")).at(-1) ?? "")],
  ["manifest missing", async (store) => store.remove((await keysOf(store, "checkpoints/")).at(-1) ?? "")],
  ["manifest empty", async (store) => store.replace((await keysOf(store, "checkpoints/")).at(-1) ?? "", [])],
  [
    "manifest of garbage",
    async (store) => store.replace((await keysOf(store, "checkpoints/")).at(-1) ?? "", [noise(500, 1)]),
  ],
  [
    "flipped bit in its manifest",
    async (store) => flipBit(store, (await keysOf(store, "checkpoints/")).at(-1) ?? "", 0.3),
  ],
  [
    "flipped bit in its manifest's digest",
    async (store) => flipBit(store, (await keysOf(store, "checkpoints/")).at(-1) ?? "", 0.99),
  ],
];

describe("a damaged checkpoint", () => {
  test.each(damages)(
    "C02: with a %s is skipped, said so, and the one before is restored whole",
    async (_, damage) => {
      const { bench, lineage, trees } = await twoCheckpoints();
      await damage(bench.store);
      const told: string[] = [];
      const result = await bench.restore(lineage, { onSkipped: (id) => told.push(id) });
      expect(result.restored.id).toBe(lineage[1]);
      expect(result.note).toEqual({ step: 1 });
      expect(result.skipped.map(({ id }) => id)).toEqual([lineage[0]]);
      expect(result.skipped[0]?.reason).not.toBe("");
      expect(told).toEqual([lineage[0]]);
      expect(describeTree(join(bench.base, "restored"))).toEqual(trees[1]);
      expect(fs.readdirSync(bench.base).sort()).toEqual(["ckpt", "restored"]);
    },
  );

  test.each(damages.filter(([name]) => !name.includes("missing")))(
    "C13: with a %s is found by verify",
    async (_, damage) => {
      const { bench, lineage } = await twoCheckpoints();
      const [newest, older] = lineage as [CheckpointId, CheckpointId];
      await damage(bench.store);
      expect(await verifyCheckpoint(bench.store, JOB, newest, { depth: "bytes" })).toMatchObject({
        kind: "damaged",
      });
      expect(await verifyCheckpoint(bench.store, JOB, older, { depth: "bytes" })).toMatchObject({
        kind: "sound",
      });
    },
  );

  test("C02: when all are damaged the reasons are listed and the folder is left alone", async () => {
    const { bench, lineage, trees } = await twoCheckpoints();
    for (const key of await keysOf(bench.store, "packs/")) await flipBit(bench.store, key, 0.4);
    const failing = bench.restore(lineage, { folder: bench.work });
    await expect(failing).rejects.toMatchObject({ code: "no-usable-checkpoint" });
    await expect(failing).rejects.toThrow(new RegExp(`${lineage[0]}: .*${lineage[1]}: `));
    expect(describeTree(bench.work)).toEqual(trees[0]);
  });

  test("C13: a checkpoint that does not exist is not found", async () => {
    const { bench } = await twoCheckpoints();
    const id = checkpointId(attemptNumber(9), 9);
    await expect(verifyCheckpoint(bench.store, JOB, id, { depth: "presence" })).rejects.toMatchObject({
      code: "checkpoint-not-found",
    });
    await expect(restoreTo(bench.store, JOB, id, join(bench.base, "x"))).rejects.toMatchObject({
      code: "checkpoint-not-found",
    });
  });

  test("a store that does not answer is no damage: the restore fails and skips nothing", async () => {
    const { bench, lineage } = await twoCheckpoints();
    const away = new SpotproofError("store-unreachable", "It is away.");
    const store = new Proxy(bench.store, {
      get: (target, name) => {
        if (name !== "read") return Reflect.get(target, name).bind(target);
        return (key: string) => (key.includes("packs/") ? Promise.reject(away) : target.read(key));
      },
    });
    const onSkipped = vi.fn();
    await expect(bench.restore(lineage, { store, onSkipped })).rejects.toBe(away);
    expect(onSkipped).not.toHaveBeenCalled();
  });

  test("C10: a newer version's checkpoint ends the restore instead of losing work silently", async () => {
    const { bench, lineage } = await twoCheckpoints();
    const { createHash } = await import("node:crypto");
    const body = '{"format":3';
    const digest = createHash("sha256").update(body).digest("hex");
    await bench.store.replace(manifestKey(JOB, lineage[0] as CheckpointId), [
      Buffer.from(`${body},"sha256":"${digest}"}\n`),
    ]);
    await expect(bench.restore(lineage)).rejects.toMatchObject({ code: "store-newer" });
  });
});

describe("the folder", () => {
  test("C14: gives way as a whole: what was in it is moved aside, and one such copy is kept", async () => {
    const { bench, lineage, trees } = await twoCheckpoints();
    fs.writeFileSync(join(bench.work, "dirty"), "written after the last checkpoint");
    for (const attempt of [2, 3]) {
      const asideName = `replaced-by-attempt-00000${attempt}`;
      const { movedAside } = await bench.restore(lineage, { folder: bench.work, asideName });
      expect(movedAside).toBe(`${bench.work}.${asideName}`);
      expect(describeTree(bench.work)).toEqual(trees[0]);
      expect(fs.readdirSync(bench.base).sort()).toEqual(["ckpt", `ckpt.${asideName}`]);
    }
  });

  test("S12: a restore that was interrupted anywhere is healed by the next one", async () => {
    const { bench, lineage, trees } = await twoCheckpoints();
    fs.renameSync(bench.work, `${bench.work}.replaced-by-attempt-000002`);
    fs.mkdirSync(`${bench.work}.spotproof-restore/half/written`, { recursive: true });
    fs.chmodSync(`${bench.work}.spotproof-restore/half`, 0o500);
    const { movedAside } = await bench.restore(lineage, { folder: bench.work });
    expect(movedAside).toBeUndefined();
    expect(describeTree(bench.work)).toEqual(trees[0]);
    expect(fs.existsSync(`${bench.work}.spotproof-restore`)).toBe(false);
  });

  test("that cannot be renamed is replaced from inside", async () => {
    const { bench, lineage, trees } = await twoCheckpoints();
    fs.writeFileSync(join(bench.work, "dirty"), "x");
    fs.mkdirSync(join(bench.work, "read-only"));
    fs.chmodSync(join(bench.work, "read-only"), 0o555);
    const busy = Object.assign(new Error("EBUSY: resource busy"), { code: "EBUSY", syscall: "rename" });
    const rename = fsPromises.rename;
    vi.spyOn(fsPromises, "rename").mockImplementation(async (from, to) => {
      if (String(from) === bench.work) throw busy;
      return rename(from, to);
    });
    try {
      const { movedAside, restored } = await bench.restore(lineage, { folder: bench.work });
      expect(movedAside).toBe(join(bench.work, ".spotproof-replaced"));
      expect(fs.readdirSync(movedAside ?? "").sort()).toEqual(["dirty", "read-only", "sub", "weights"]);
      await save(bench.saver(2, restored));
    } finally {
      vi.restoreAllMocks();
    }
    await fsPromises.rm(join(bench.work, ".spotproof-replaced"), { recursive: true });
    const withoutTimes = (tree: readonly string[] | undefined): readonly string[] | undefined =>
      tree?.slice(1);
    expect(withoutTimes(describeTree(bench.work))).toEqual(withoutTimes(trees[0]));
  });

  test("may be a link to a folder", async () => {
    const { bench, lineage, trees } = await twoCheckpoints();
    const link = join(bench.base, "link");
    fs.symlinkSync(bench.work, link);
    await bench.restore(lineage, { folder: link });
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(describeTree(bench.work)).toEqual(trees[0]);
  });

  test("that is a file is refused", async () => {
    const { bench, lineage } = await twoCheckpoints();
    const folder = join(bench.base, "file");
    fs.writeFileSync(folder, "");
    await expect(bench.restore(lineage, { folder })).rejects.toMatchObject({ code: "folder-unusable" });
  });

  test("that is not empty is refused by a restore for people", async () => {
    const { bench, lineage } = await twoCheckpoints();
    const copying = restoreTo(bench.store, JOB, lineage[0] as CheckpointId, bench.work);
    await expect(copying).rejects.toMatchObject({ code: "folder-unusable" });
  });

  test("C20: is left alone when the disk has no room for the checkpoint", async () => {
    const { bench, lineage } = await twoCheckpoints();
    const almostFull = Object.assign(await fsPromises.statfs(bench.base), { bavail: 1, bsize: 4096 });
    vi.spyOn(fsPromises, "statfs").mockResolvedValue(almostFull);
    try {
      await expect(bench.restore(lineage)).rejects.toMatchObject({ code: "disk-full" });
    } finally {
      vi.restoreAllMocks();
    }
    expect(fs.readdirSync(bench.base)).toEqual(["ckpt"]);
  });
});
