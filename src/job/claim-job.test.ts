import { describe, expect, test } from "vitest";
import { SpotproofError, checkpointId } from "../base/index.ts";
import { JOB, JobBench as Bench, ended, number } from "../simulator/job-model/job-bench.ts";
import { type Store, claimKey, heartbeatKey, jobKey, manifestKey, outcomeKey } from "../store/index.ts";

describe("the first start of a job", () => {
  test("claims attempt 1 at once, from nothing", async () => {
    const bench = new Bench();
    const attempt = await bench.claimed(bench.machine("a"));
    expect(attempt).toMatchObject({ number: 1, lineage: [], resumesFrom: undefined });
    expect(bench.time.nowMs).toBe(0);
    expect(await bench.record(jobKey(JOB))).toMatchObject({ format: 1, job: "train" });
    expect(await bench.record(claimKey(JOB, number(1)))).toMatchObject({
      attempt: 1,
      resumesFrom: null,
      host: "a",
      pid: 42,
      command: ["python", "train.py"],
      heartbeatMs: 10_000,
    });
  });

  test("writes job.json, the claim and the outcome with its events, and nothing else", async () => {
    const bench = new Bench();
    const attempt = await bench.claimed(bench.machine("a"));
    attempt.note("started", { pid: 1 });
    expect(await attempt.end(ended("completed"))).toBe("valid");
    expect((await bench.store.list("")).map((object) => object.key)).toEqual([
      claimKey(JOB, number(1)),
      outcomeKey(JOB, number(1)),
      jobKey(JOB),
    ]);
    expect(await bench.record(outcomeKey(JOB, number(1)))).toMatchObject({
      kind: "completed",
      events: [{ number: 1, kind: "started", detail: { pid: 1 } }],
    });
  });

  test("K19: of many starts at the same moment one claims, and the others that leave say where it runs", async () => {
    const bench = new Bench();
    const names = ["a", "b", "c", "d", "e"];
    const results = await bench.settle(
      Promise.all(names.map((name) => bench.claim(bench.machine(name), { ifRunning: "leave" }))),
    );
    expect(results.filter((result) => result.kind === "claimed")).toHaveLength(1);
    const winner = names[results.findIndex((result) => result.kind === "claimed")];
    for (const result of results.filter(({ kind }) => kind !== "claimed")) {
      expect(result).toEqual({ kind: "running-elsewhere", attempt: 1, host: winner });
    }
  });

  test("a folder that a dead claimant left without a claim is no attempt", async () => {
    const bench = new Bench();
    await bench.store.create("jobs/train/attempts/000001/other", []);
    expect(await bench.claimed(bench.machine("a"))).toMatchObject({ number: 1 });
  });
});

describe("after an attempt that has ended", () => {
  test("J4: a completed job stays completed, however often it is started", async () => {
    const bench = new Bench();
    await (await bench.claimed(bench.machine("a"))).end(ended("completed"));
    for (const ifRunning of ["standby", "leave"] as const) {
      const result = await bench.settle(bench.claim(bench.machine("b"), { ifRunning }));
      expect(result).toMatchObject({ kind: "completed", outcome: { attempt: 1 } });
    }
    expect(await bench.record(claimKey(JOB, number(2)))).toBeUndefined();
  });

  test("J5: an interruption hands failures used on, without adding one, and names the newest checkpoint", async () => {
    const bench = new Bench();
    const first = await bench.claimed(bench.machine("a"));
    await bench.save(first, 1);
    await bench.save(first, 2);
    await first.end(ended("interrupted", { failuresUsed: 2, checkpointsCommitted: 2 }));
    const second = await bench.claimed(bench.machine("b"));
    expect(second).toMatchObject({
      number: 2,
      resumesFrom: "000001-000002",
      lineage: ["000001-000002", "000001-000001"],
      inherited: { failuresUsed: 2, idleAttempts: 0, previousOutcome: { kind: "interrupted" } },
    });
    expect(bench.time.nowMs).toBe(0);
  });

  test.each(["failed", "stopped"] as const)(
    "a start after %s is a new attempt with a whole failure budget",
    async (kind) => {
      const bench = new Bench();
      await (await bench.claimed(bench.machine("a"))).end(ended(kind, { failuresUsed: 3 }));
      const second = await bench.claimed(bench.machine("a"), { maxIdleAttempts: 1 });
      expect(second).toMatchObject({ number: 2, inherited: { failuresUsed: 0, idleAttempts: 0 } });
    },
  );

  test("J1: what a fenced attempt writes late is in nobody's lineage", async () => {
    const bench = new Bench();
    const first = await bench.claimed(bench.machine("a"));
    await bench.save(first, 1);
    const second = await bench.claimed(bench.machine("b"));
    await bench.store.create(manifestKey(JOB, checkpointId(number(1), 2)), []);
    expect(await first.validity()).toBe("fenced-out");
    await bench.save(second, 1);
    await second.end(ended("interrupted"));
    const third = await bench.claimed(bench.machine("c"));
    expect(third.lineage).toEqual(["000002-000001", "000001-000001"]);
  });
});

describe("K14: attempts without a new checkpoint", () => {
  /** Lets attempts begin and be interrupted. */
  async function interrupt(bench: Bench, times: number): Promise<void> {
    for (let i = 0; i < times; i += 1)
      await (await bench.claimed(bench.machine("a"))).end(ended("interrupted"));
  }

  test("are counted, and reported at the limit again and again until the limit is raised", async () => {
    const bench = new Bench();
    await interrupt(bench, 3);
    for (let i = 0; i < 2; i += 1) {
      const result = await bench.settle(bench.claim(bench.machine("a"), { maxIdleAttempts: 3 }));
      expect(result).toEqual({ kind: "no-progress", idleAttempts: 3 });
    }
    const goesOn = await bench.claimed(bench.machine("a"), { maxIdleAttempts: 4 });
    expect(goesOn).toMatchObject({ number: 4, inherited: { idleAttempts: 3 } });
  });

  test("do not count any more once one has made a checkpoint", async () => {
    const bench = new Bench();
    await interrupt(bench, 3);
    const attempt = await bench.claimed(bench.machine("a"));
    await bench.save(attempt, 1);
    await attempt.end(ended("interrupted"));
    const next = await bench.claimed(bench.machine("a"), { maxIdleAttempts: 1 });
    expect(next.inherited.idleAttempts).toBe(0);
  });

  test("count when they vanish, too", async () => {
    const bench = new Bench();
    await bench.claimed(bench.machine("a"));
    const result = await bench.settle(bench.claim(bench.machine("b"), { maxIdleAttempts: 1 }));
    expect(result).toEqual({ kind: "no-progress", idleAttempts: 1 });
    expect(await bench.record(outcomeKey(JOB, number(1)))).toMatchObject({ kind: "lost" });
  });
});

describe("a store with trouble", () => {
  test("K05: while standing by, a store that cannot be read for a while begins the lease anew", async () => {
    const bench = new Bench();
    await bench.claimed(bench.machine("a"));
    const broken: Store = {
      ...storeMethods(bench.store),
      read: (key, options) => {
        const fails =
          key === heartbeatKey(JOB, number(1)) && bench.time.nowMs > 20_000 && bench.time.nowMs < 40_000;
        return fails
          ? Promise.reject(new SpotproofError("store-unreachable", "gone"))
          : bench.store.read(key, options);
      },
    };
    const result = await bench.settle(bench.claim(bench.machine("b"), { store: broken }));
    expect(result).toMatchObject({ kind: "claimed" });
    expect(bench.time.nowMs).toBeGreaterThanOrEqual(70_000);
  });

  test("one that stays away is thrown to the caller", async () => {
    const bench = new Bench();
    await bench.claimed(bench.machine("a"));
    const broken: Store = {
      ...storeMethods(bench.store),
      read: (key, options) =>
        key === heartbeatKey(JOB, number(1))
          ? Promise.reject(new SpotproofError("store-unreachable", "gone"))
          : bench.store.read(key, options),
    };
    await expect(bench.settle(bench.claim(bench.machine("b"), { store: broken }))).rejects.toMatchObject({
      code: "store-unreachable",
    });
  });

  test("a damaged claim is named, and a newer one is not touched", async () => {
    for (const [text, code] of [
      ["{", "record-damaged"],
      [`{"format":2}`, "store-newer"],
    ] as const) {
      const bench = new Bench();
      await bench.store.create(claimKey(JOB, number(1)), [Buffer.from(text)]);
      await expect(bench.settle(bench.claim(bench.machine("a")))).rejects.toMatchObject({ code });
    }
  });

  test("K02: a claim whose answer was lost and that the store repeats is known by its token", async () => {
    const bench = new Bench();
    const repeating: Store = {
      ...storeMethods(bench.store),
      create: async (key, bytes, options) => {
        await bench.store.create(key, bytes, options);
        return bench.store.create(key, bytes, options);
      },
    };
    const attempt = await bench.claimed(bench.machine("a"), { store: repeating });
    expect(attempt.number).toBe(1);
    expect(await attempt.end(ended("completed"))).toBe("valid");
  });
});

function storeMethods(store: Store): Store {
  return {
    description: store.description,
    create: (key, bytes, options) => store.create(key, bytes, options),
    replace: (key, bytes, options) => store.replace(key, bytes, options),
    read: (key, options) => store.read(key, options),
    list: (prefix, options) => store.list(prefix, options),
    listFolders: (prefix, options) => store.listFolders(prefix, options),
    remove: (key, options) => store.remove(key, options),
  };
}
