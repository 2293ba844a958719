import { describe, expect, test } from "vitest";
import { SpotproofError, seededRandom } from "../base/index.ts";
import { JOB, JobBench, ended, number } from "../simulator/job-model/job-bench.ts";
import { type Store, claimKey, outcomeKey } from "../store/index.ts";
import { type StoreFault, type StoreFaultKind, withStoreFaults } from "../store/wrappers/store-faults.ts";
import type { ClaimRequest } from "./claim-request.ts";

const unreachable = new SpotproofError("store-unreachable", "away");

/** A bench whose store, as the claimant sees it, is disturbed until a moment of virtual time. */
function openStage(kind: StoreFaultKind, untilMs: number, share = 1) {
  const bench = new JobBench();
  const machine = bench.machine("a");
  const current = (): readonly StoreFault[] =>
    bench.time.nowMs < untilMs ? [{ kind, share, delayMs: 300 }] : [];
  const store = withStoreFaults(bench.store, { clock: machine, random: seededRandom(3), current });
  const troubles: (string | undefined)[] = [];
  const request: Partial<ClaimRequest> = {
    store,
    patienceMs: 60_000,
    onTrouble: (error) => troubles.push(error?.code),
  };
  return { bench, machine, request, troubles };
}

/** A store in which the creation of a key takes effect and is answered with an error, so many times. */
function losingAnswers(store: Store, key: string, times: number): Store {
  let left = times;
  return {
    description: store.description,
    create: async (created, bytes, options) => {
      const result = await store.create(created, bytes, options);
      if (created !== key || left === 0) return result;
      left -= 1;
      throw unreachable;
    },
    replace: (...call) => store.replace(...call),
    read: (...call) => store.read(...call),
    list: (...call) => store.list(...call),
    listFolders: (...call) => store.listFolders(...call),
    remove: (...call) => store.remove(...call),
  };
}

describe("a store that does not answer while a job is claimed", () => {
  test.each(["500", "503", "409", "slow"] as const)(
    "C06: %s for twenty seconds: the job is claimed when it is over, as attempt 1",
    async (kind) => {
      const { bench, machine, request, troubles } = openStage(kind, 20_000);
      const attempt = await bench.claimed(machine, request);
      expect(attempt).toMatchObject({ number: 1 });
      expect(await bench.settle(attempt.validity())).toBe("valid");
      expect(troubles).toEqual(kind === "slow" ? [] : ["store-unreachable", undefined]);
    },
  );

  test("is tried again for the given time only, with back-off, and what it said last is thrown", async () => {
    const { bench, machine, request } = openStage("503", 3_600_000);
    await expect(bench.settle(bench.claim(machine, request))).rejects.toMatchObject({
      code: "store-unreachable",
    });
    expect(bench.time.nowMs).toBeGreaterThan(50_000);
    expect(bench.time.nowMs).toBeLessThanOrEqual(60_000);
  });

  test("that is full, or without patience, is not tried again", async () => {
    const full = openStage("full", 3_600_000);
    await expect(full.bench.settle(full.bench.claim(full.machine, full.request))).rejects.toMatchObject({
      code: "store-full",
    });
    expect(full.bench.time.nowMs).toBe(0);
    const { bench, machine, request } = openStage("503", 3_600_000);
    await expect(bench.settle(bench.claim(machine, { ...request, patienceMs: 0 }))).rejects.toMatchObject({
      code: "store-unreachable",
    });
    expect(bench.time.nowMs).toBe(0);
  });

  test("is left at once when the caller has to leave", async () => {
    const { bench, machine, request } = openStage("503", 3_600_000);
    const abort = new AbortController();
    const claim = bench.claim(machine, { ...request, signal: abort.signal });
    void machine.sleep(5000).then(() => abort.abort());
    expect(await bench.settle(claim)).toEqual({ kind: "aborted" });
    expect(bench.time.nowMs).toBe(5000);
  });

  test.each(["leave", "standby"] as const)(
    "K19: a claim whose answer was lost is known as our own, not taken for somebody else's (%s)",
    async (ifRunning) => {
      const { bench, machine, request } = openStage("503", 0);
      const store = losingAnswers(bench.store, claimKey(JOB, number(1)), 2);
      const attempt = await bench.claimed(machine, { ...request, store, ifRunning });
      expect(attempt).toMatchObject({ number: 1 });
      expect(bench.time.nowMs).toBeLessThan(5000);
      expect(await attempt.beat({ phase: "running" })).toBe("valid");
    },
  );

  test("J1: the lineage of such a claim is the one that it was made with", async () => {
    const { bench, machine, request } = openStage("503", 0);
    const first = await bench.claimed(bench.machine("b"));
    await bench.save(first, 1);
    await first.end(ended("interrupted"));
    const store = losingAnswers(bench.store, claimKey(JOB, number(2)), 1);
    // While the answer is on its way the ended attempt commits one more, which the claim does not name.
    const claim = bench.claim(machine, { ...request, store });
    void machine.sleep(50).then(() => bench.store.create("jobs/train/checkpoints/000001-000002.json", []));
    const result = await bench.settle(claim);
    expect(result).toMatchObject({ kind: "claimed", attempt: { number: 2, lineage: ["000001-000001"] } });
  });

  test("an attempt that was given up by a lost answer is followed, not ended twice", async () => {
    const { bench, machine, request } = openStage("503", 0);
    await bench.claimed(bench.machine("b"));
    const store = losingAnswers(bench.store, outcomeKey(JOB, number(1)), 1);
    expect(await bench.claimed(machine, { ...request, store })).toMatchObject({ number: 2 });
    expect(await bench.record(outcomeKey(JOB, number(1)))).toMatchObject({ kind: "lost" });
  });
});

describe("412: a create that is told of its own success as of somebody else's", () => {
  test("J4 E1: claim, events and outcome are known as our own all the same", async () => {
    const { bench, machine, request } = openStage("412", 3_600_000);
    const attempt = await bench.claimed(machine, request);
    expect(attempt).toMatchObject({ number: 1 });
    attempt.note("begun");
    expect(await attempt.beat({ phase: "running" })).toBe("valid");
    expect(await attempt.end(ended("completed"))).toBe("valid");
    const later = await bench.settle(bench.claim(bench.machine("b")));
    expect(later).toMatchObject({ kind: "completed", outcome: { attempt: 1 } });
  });

  test("K05: so is the outcome of an attempt that was given up", async () => {
    const { bench, machine, request } = openStage("412", 3_600_000);
    await bench.claimed(bench.machine("b"));
    expect(await bench.claimed(machine, request)).toMatchObject({ number: 2 });
  });
});
