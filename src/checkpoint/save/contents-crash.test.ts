import { describe, expect, test } from "vitest";
import type { CheckpointId } from "../../base/index.ts";
import { type Store, createMemoryStore } from "../../store/index.ts";
import { checkpointsPrefix } from "../../store/keys.ts";
import { bytesAt, contentsSaver, loaded, saveContents } from "../contents.fixture.ts";
import { JOB, noise } from "../folder.fixture.ts";

/** The process that uses a store dies at a call: nothing that it asks for later takes place. */
function dyingAt(
  store: Store,
  call: number,
  when: "before" | "after",
): { store: Store; calls: () => number } {
  let calls = 0;
  const dead = new Error("killed");
  const cut = async <Result>(make: () => Promise<Result>): Promise<Result> => {
    const isLast = calls === call;
    if (calls > call || (isLast && when === "before")) {
      calls += 1;
      throw dead;
    }
    calls += 1;
    const result = await make();
    if (isLast) throw dead;
    return result;
  };
  return {
    calls: () => calls,
    store: {
      description: store.description,
      create: (key, bytes, options) => cut(() => store.create(key, bytes, options)),
      replace: (key, bytes, options) => cut(() => store.replace(key, bytes, options)),
      read: (key, options) => cut(() => store.read(key, options)),
      list: (prefix, options) => cut(() => store.list(prefix, options)),
      listFolders: (prefix, options) => cut(() => store.listFolders(prefix, options)),
      remove: (key, options) => cut(() => store.remove(key, options)),
    },
  };
}

const SAVES = 8;
const stateOf = (round: number): Buffer => Buffer.from(noise(round % 2 === 0 ? 500 : 60_000, round));
const logUntil = (round: number): Buffer =>
  Buffer.concat(Array.from({ length: round + 1 }, (_, at) => noise(at % 3 === 0 ? 300_000 : 9000, 100 + at)));

/** Saves round after round, prunes between, until it is over or dead. Gives the last round that was acknowledged. */
async function work(store: Store): Promise<number> {
  const saver = contentsSaver(store);
  const log = saver.openLog("log");
  let acknowledged = -1;
  try {
    for (let round = 0; round < SAVES; round += 1) {
      log.append(logUntil(round).subarray(log.sizeBytes));
      await saveContents(saver, [bytesAt("state", stateOf(round)), { kind: "log", path: "log", log }]);
      acknowledged = round;
      if (round === 5) await saver.prune({ last: 2 });
    }
  } catch (error) {
    if (!(error instanceof Error) || error.message !== "killed") throw error;
  }
  return acknowledged;
}

async function lineageOf(store: Store): Promise<readonly CheckpointId[]> {
  const listed = await store.list(checkpointsPrefix(JOB));
  return listed.map(({ key }) => key.slice(-18, -5) as CheckpointId).reverse();
}

describe("C2: a process that is killed at any call of the store", () => {
  test.each(["before", "after"] as const)(
    "%s it takes effect leaves its last acknowledged save, or the next",
    async (when) => {
      const whole = dyingAt(createMemoryStore(), Number.POSITIVE_INFINITY, when);
      expect(await work(whole.store)).toBe(SAVES - 1);
      expect(whole.calls()).toBeGreaterThan(25);
      for (let call = 0; call < whole.calls(); call += 1) {
        const store = createMemoryStore();
        const acknowledged = await work(dyingAt(store, call, when).store);
        const lineage = await lineageOf(store);
        if (lineage.length === 0) {
          expect(acknowledged).toBe(-1);
          continue;
        }
        const { all, restored } = await loaded(store, lineage);
        const round = [acknowledged, acknowledged + 1].find((one) => all.get("state")?.equals(stateOf(one)));
        expect(round, `call ${call}`).toBeDefined();
        expect(all.get("log")?.equals(logUntil(round ?? -1)), `the log, call ${call}`).toBe(true);
        const next = contentsSaver(store, 2, restored, lineage);
        const log = next.openLog("log");
        log.append(Buffer.from(noise(20_000, 1)));
        const { id } = await saveContents(next, [
          { kind: "unchanged", path: "state" },
          { kind: "log", path: "log", log },
        ]);
        const after = await loaded(store, [id]);
        expect(after.all.get("log")?.equals(Buffer.concat([logUntil(round ?? -1), noise(20_000, 1)]))).toBe(
          true,
        );
      }
    },
    60_000,
  );
});
