import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Store } from "../../store/index.ts";
import { noise, openBench, save } from "../folder.fixture.ts";

const MIB = 1024 * 1024;

/** Every object of a store, with its bytes. */
async function contentOf(store: Store): Promise<ReadonlyMap<string, Buffer | undefined>> {
  const objects = await store.list("");
  return new Map(await Promise.all(objects.map(async ({ key }) => [key, await store.read(key)] as const)));
}

/** The keys whose bytes are not what they were. */
async function changedSince(
  store: Store,
  before: ReadonlyMap<string, Buffer | undefined>,
): Promise<readonly string[]> {
  const now = await contentOf(store);
  return [...before]
    .filter(([key, bytes]) => bytes === undefined || now.get(key)?.equals(bytes) !== true)
    .map(([key]) => key);
}

test("C2: no save changes or removes what is stored: not one that succeeds, one that is given up, nor one that fails", async () => {
  const bench = openBench();
  fs.mkdirSync(bench.work);
  fs.writeFileSync(join(bench.work, "a"), noise(3 * MIB, 1));
  const saver = bench.saver();
  await save(saver);
  const before = await contentOf(bench.store);

  fs.writeFileSync(join(bench.work, "a"), noise(3 * MIB, 2));
  await save(saver, { reason: "interval" });
  expect(await changedSince(bench.store, before)).toEqual([]);

  const afterTwo = await contentOf(bench.store);
  const giveUp = new AbortController();
  fs.writeFileSync(join(bench.work, "b"), noise(40 * MIB, 3));
  const pause = async () => {
    giveUp.abort(new Error("the deadline is near"));
    return { mappedFiles: new Set<string>(), resume: async () => undefined };
  };
  await expect(save(saver, { reason: "notice", signal: giveUp.signal, pause })).rejects.toThrow(
    "the deadline is near",
  );
  expect(await changedSince(bench.store, afterTwo)).toEqual([]);

  fs.renameSync(bench.work, `${bench.work}.elsewhere`);
  await expect(save(saver, { reason: "interval" })).rejects.toMatchObject({ code: "folder-missing" });
  expect(await changedSince(bench.store, afterTwo)).toEqual([]);
});
