import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AttemptNumber, type CheckpointId, attemptNumber } from "../../base/index.ts";
import { type Store, manifestKey } from "../../store/index.ts";
import { type Bench, JOB, describeTree, noise, openBench, save } from "../folder.fixture.ts";
import { listCheckpoints, pruneCheckpoints, verifyCheckpoint } from "../index.ts";

const MIB = 1024 * 1024;
const ended = (...attempts: readonly number[]): readonly AttemptNumber[] => attempts.map(attemptNumber);

function write(bench: Bench, seed: number): void {
  fs.mkdirSync(bench.work, { recursive: true });
  fs.writeFileSync(join(bench.work, `file-${seed % 3}`), noise(MIB, seed));
}

/** One attempt that saves some times; gives the ids, oldest first. */
async function attempt(
  bench: Bench,
  number: number,
  saves: number,
  from?: CheckpointId,
): Promise<readonly CheckpointId[]> {
  const restored =
    from === undefined ? undefined : (await bench.restore([from], { folder: bench.work })).restored;
  const saver = bench.saver(number, restored, from === undefined ? [] : [from]);
  const ids: CheckpointId[] = [];
  for (let at = 0; at < saves; at += 1) {
    write(bench, number * 100 + at);
    ids.push((await save(saver)).id);
  }
  return ids;
}

async function idsIn(store: Store): Promise<readonly CheckpointId[]> {
  return (await listCheckpoints(store, JOB)).map(({ id }) => id);
}

async function allSound(store: Store): Promise<void> {
  for (const id of await idsIn(store)) {
    expect(await verifyCheckpoint(store, JOB, id, { depth: "bytes" })).toMatchObject({ kind: "sound" });
  }
}

test("C17: the owner keeps the last N, and every one of them stays whole", async () => {
  const bench = openBench();
  const saver = bench.saver();
  for (let at = 0; at < 12; at += 1) {
    write(bench, at);
    await save(saver);
    if (at % 3 === 2) await saver.prune({ last: 2 });
    await allSound(bench.store);
  }
  expect(await idsIn(bench.store)).toEqual(["000001-000012", "000001-000011"]);
  const packs = (await bench.store.list("jobs/train/packs/")).length;
  expect(packs).toBeLessThanOrEqual(6);
});

test("C17: after a prune the owner stores again what the prune removed, and never refers to it", async () => {
  const bench = openBench();
  const saver = bench.saver();
  write(bench, 0);
  await save(saver);
  for (const seed of [3, 6, 9]) {
    write(bench, seed);
    await save(saver);
  }
  await saver.prune({ last: 2 });
  write(bench, 0); // the content of the first save, which is gone
  const { id, storedBytes } = await save(saver);
  expect(storedBytes).toBeGreaterThan(MIB);
  await bench.restore([id]);
  expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  await allSound(bench.store);
});

test("C04: a prune of the owner leaves what it was restored from until it has two good ones of its own", async () => {
  const bench = openBench();
  const [, second] = await attempt(bench, 1, 2);
  const { restored } = await bench.restore([second as CheckpointId], { folder: bench.work });
  const saver = bench.saver(2, restored, await idsIn(bench.store));
  write(bench, 7);
  const own = await save(saver);
  await saver.prune({ last: 2 });
  expect(await idsIn(bench.store)).toEqual([own.id, second]);
  await allSound(bench.store);
});

test("C17: without its lineage the owner removes nothing of earlier attempts", async () => {
  const bench = openBench();
  await attempt(bench, 1, 4);
  const saver = bench.saver(2);
  for (let at = 0; at < 4; at += 1) {
    write(bench, 50 + at);
    await save(saver);
  }
  await saver.prune({ last: 2 });
  expect((await idsIn(bench.store)).length).toBe(6);
});

test("C05: what a zombie stored does not count, and goes", async () => {
  const bench = openBench();
  const first = await attempt(bench, 1, 5); // the last two were stored after attempt 2 had claimed the job
  const resumed = first[2] as CheckpointId;
  const second = await attempt(bench, 2, 1, resumed);
  const report = await pruneCheckpoints({
    store: bench.store,
    job: JOB,
    retention: { last: 2 },
    endedAttempts: ended(1, 2),
    lineage: [...second, ...first.slice(0, 3)],
    resumesFrom: resumed,
  });
  expect(report.removedCheckpoints).toEqual([first[4], first[3], first[1], first[0]]);
  expect(await idsIn(bench.store)).toEqual([second[0], resumed]);
  await allSound(bench.store);
});

test("C04: nothing of an attempt that may live is touched", async () => {
  const bench = openBench();
  const ids = await attempt(bench, 1, 5);
  const before = await bench.store.list("jobs/");
  const request = { store: bench.store, job: JOB, retention: { last: 2 }, lineage: ids };
  expect(await pruneCheckpoints({ ...request, endedAttempts: [] })).toMatchObject({
    removedPacks: 0,
    removedCheckpoints: [],
  });
  expect(await bench.store.list("jobs/")).toEqual(before);
});

test("C04: the two newest that verify by bytes stay, however old they are", async () => {
  const bench = openBench();
  const ids = await attempt(bench, 1, 6);
  const packs = await bench.store.list("jobs/train/packs/");
  for (const { key } of packs.slice(-3)) {
    const bytes = (await bench.store.read(key)) as Buffer;
    bytes[500] = (bytes[500] as number) ^ 1;
    await bench.store.replace(key, [bytes]);
  }
  const lineage = ids;
  await pruneCheckpoints({
    store: bench.store,
    job: JOB,
    retention: { last: 2 },
    endedAttempts: ended(1),
    lineage,
  });
  expect(await idsIn(bench.store)).toEqual([ids[5], ids[4], ids[2], ids[1]]);
  expect(await verifyCheckpoint(bench.store, JOB, ids[2] as CheckpointId, { depth: "bytes" })).toMatchObject({
    kind: "sound",
  });
});

test("C05: while a manifest that should be kept cannot be read, no pack is removed", async () => {
  const bench = openBench();
  const ids = await attempt(bench, 1, 5);
  const key = manifestKey(JOB, ids[4] as CheckpointId);
  const good = (await bench.store.read(key)) as Buffer;
  await bench.store.replace(key, [good.subarray(0, 100)]);
  const request = {
    store: bench.store,
    job: JOB,
    retention: { last: 2 },
    endedAttempts: ended(1),
    lineage: ids,
  };
  expect(await pruneCheckpoints(request)).toMatchObject({ removedPacks: 0 });
  await bench.store.replace(key, [good]);
  await allSound(bench.store);
  await pruneCheckpoints(request);
  await allSound(bench.store);
  expect(await idsIn(bench.store)).toEqual([ids[4], ids[3]]);
});

test("C05: objects that Spotproof did not write are left alone", async () => {
  const bench = openBench();
  const lineage = await attempt(bench, 1, 3);
  const foreign = [
    "jobs/train/packs/000001/readme",
    "jobs/train/packs/notes",
    "jobs/train/checkpoints/latest",
  ];
  for (const key of foreign) await bench.store.create(key, [Buffer.from("mine")]);
  await pruneCheckpoints({
    store: bench.store,
    job: JOB,
    retention: { last: 2 },
    endedAttempts: ended(1),
    lineage,
  });
  const keys = (await bench.store.list("jobs/")).map(({ key }) => key);
  expect(keys).toEqual(expect.arrayContaining(foreign));
});

test("a dry run tells the same and removes nothing", async () => {
  const bench = openBench();
  const lineage = await attempt(bench, 1, 5);
  const before = await bench.store.list("jobs/");
  const request = { store: bench.store, job: JOB, retention: { last: 2 }, endedAttempts: ended(1), lineage };
  const told = await pruneCheckpoints({ ...request, dryRun: true });
  expect(await bench.store.list("jobs/")).toEqual(before);
  expect(await pruneCheckpoints(request)).toEqual(told);
});

test("C17: a retention of fewer than two is refused", async () => {
  const bench = openBench();
  await expect(bench.saver().prune({ last: 1 })).rejects.toMatchObject({ code: "bad-usage" });
});

test("C20: the packs of a save that was given up are pruned when nothing came to use them", async () => {
  const bench = openBench();
  write(bench, 0);
  const saver = bench.saver();
  await save(saver);
  fs.writeFileSync(join(bench.work, "large"), noise(40 * MIB, 5));
  const giveUp = new AbortController();
  const confirm = async (): Promise<"valid"> => "valid";
  const pause = async (): Promise<never> => {
    giveUp.abort(new Error("given up"));
    throw new Error("given up");
  };
  await expect(saver.save({ reason: "notice", confirm, pause, signal: giveUp.signal })).rejects.toThrow(
    "given up",
  );
  fs.rmSync(join(bench.work, "large"));
  await save(saver);
  const report = await saver.prune({ last: 2 });
  expect(report.removedBytes).toBeGreaterThan(16 * MIB);
  await allSound(bench.store);
});
