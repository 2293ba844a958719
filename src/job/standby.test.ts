import { describe, expect, test } from "vitest";
import { JOB, JobBench as Bench, ended, number } from "../simulator/job-model/job-bench.ts";
import type { VirtualMachine } from "../simulator/virtual-time.ts";
import { claimKey, outcomeKey } from "../store/index.ts";
import type { Attempt } from "./attempt.ts";

describe("standing by", () => {
  /** Beats every so many ms until the attempt is fenced out or the signal aborts. */
  async function keepBeating(
    machine: VirtualMachine,
    attempt: Attempt,
    everyMs: number,
    stop: AbortSignal,
  ): Promise<void> {
    while (!stop.aborted && (await attempt.beat({ phase: "running", failuresUsed: 1 })) === "valid") {
      await machine.sleep(everyMs, stop);
    }
  }

  test("J2, K05: an attempt that beats is never taken over, not even one that beats just within the lease", async () => {
    for (const everyMs of [10_000, 29_000]) {
      const bench = new Bench();
      const owner = bench.machine("a");
      const attempt = await bench.claimed(owner);
      const stop = new AbortController();
      void keepBeating(owner, attempt, everyMs, stop.signal);
      const leave = new AbortController();
      const standby = bench.claim(bench.machine("b"), { signal: leave.signal });
      await bench.time.run(3_600_000);
      expect(await attempt.validity()).toBe("valid");
      leave.abort();
      stop.abort();
      expect(await bench.settle(standby)).toEqual({ kind: "aborted" });
    }
  });

  test("J2: an attempt that vanished is taken over after the lease and at most two seconds more", async () => {
    const bench = new Bench();
    const owner = bench.machine("a");
    const first = await bench.claimed(owner);
    await bench.save(first, 1);
    await first.beat({ phase: "running", failuresUsed: 2, progress: { done: 5 } });
    owner.crash();
    const second = await bench.claimed(bench.machine("b"));
    expect(second).toMatchObject({ number: 2, resumesFrom: "000001-000001", inherited: { failuresUsed: 2 } });
    expect(bench.time.nowMs).toBeGreaterThanOrEqual(30_000);
    expect(bench.time.nowMs).toBeLessThan(32_000);
    expect(await bench.record(outcomeKey(JOB, number(1)))).toMatchObject({
      kind: "lost",
      endedBy: second.token,
      failuresUsed: 2,
      checkpointsCommitted: 1,
      lastCheckpoint: "000001-000001",
      progress: { done: 5 },
    });
  });

  test("K05: an attempt that promised slower heartbeats is given the time of two of them", async () => {
    const bench = new Bench();
    await bench.claimed(bench.machine("a"), { heartbeatMs: 60_000 });
    await bench.claimed(bench.machine("b"));
    expect(bench.time.nowMs).toBeGreaterThanOrEqual(120_000);
  });

  test("J2: a claimant that stood still for an hour looks again before it decides", async () => {
    const bench = new Bench();
    const owner = bench.machine("a");
    const attempt = await bench.claimed(owner);
    void keepBeating(owner, attempt, 10_000, new AbortController().signal);
    const claimant = bench.machine("b");
    void bench.claim(claimant);
    await bench.time.run(5000);
    for (let i = 0; i < 5; i += 1) {
      claimant.pause(3_600_000);
      await bench.time.run(bench.time.nowMs + 3_600_500);
      expect(await attempt.validity()).toBe("valid");
    }
  });

  test("J2: machines that stood still together, as on one laptop, take nothing from each other", async () => {
    const bench = new Bench();
    const owner = bench.machine("a");
    const attempt = await bench.claimed(owner);
    void keepBeating(owner, attempt, 10_000, new AbortController().signal);
    const claimant = bench.machine("b");
    void bench.claim(claimant);
    await bench.time.run(15_000);
    claimant.pause(3_600_000);
    owner.pause(3_600_900);
    await bench.time.run(3_700_000);
    expect(await attempt.validity()).toBe("valid");
  });

  test("K18: a replacement goes on within about a second after the old attempt has ended in order", async () => {
    const bench = new Bench();
    const first = await bench.claimed(bench.machine("old"));
    const standby = bench.claim(bench.machine("new"));
    await bench.time.run(5000);
    await first.end(ended("interrupted", { checkpointsCommitted: 1 }));
    const result = await bench.settle(standby);
    expect(result).toMatchObject({ kind: "claimed", attempt: { number: 2 } });
    expect(bench.time.nowMs).toBeLessThanOrEqual(6000);
    expect(bench.waiting).toEqual([1]);
  });

  test("J4: when the other completes the job, that is the answer", async () => {
    const bench = new Bench();
    const first = await bench.claimed(bench.machine("a"));
    const standby = bench.claim(bench.machine("b"));
    await bench.time.run(5000);
    await first.end(ended("completed"));
    expect(await bench.settle(standby)).toMatchObject({ kind: "completed" });
  });

  test.each(["failed", "stopped"] as const)(
    "when the other ends as %s, nobody starts it again by himself",
    async (kind) => {
      const bench = new Bench();
      const first = await bench.claimed(bench.machine("a"));
      const standby = bench.claim(bench.machine("b"));
      await bench.time.run(5000);
      await first.end(ended(kind));
      expect(await bench.settle(standby)).toMatchObject({ kind: "ended-elsewhere", outcome: { kind } });
    },
  );

  test("with `leave`, an attempt without an outcome counts as alive, and nothing is waited for", async () => {
    const bench = new Bench();
    await bench.claimed(bench.machine("a"));
    const result = await bench.settle(bench.claim(bench.machine("b"), { ifRunning: "leave" }));
    expect(result).toEqual({ kind: "running-elsewhere", attempt: 1, host: "a" });
    expect(bench.time.nowMs).toBe(0);
  });

  test("an abort ends the wait, and nothing was claimed", async () => {
    const bench = new Bench();
    await bench.claimed(bench.machine("a"));
    const controller = new AbortController();
    const standby = bench.claim(bench.machine("b"), { signal: controller.signal });
    await bench.time.run(5000);
    controller.abort(new Error("enough"));
    expect(await bench.settle(standby)).toEqual({ kind: "aborted" });
    expect(await bench.record(claimKey(JOB, number(2)))).toBeUndefined();
  });

  test("an abort before the start claims nothing", async () => {
    const bench = new Bench();
    expect(await bench.settle(bench.claim(bench.machine("b"), { signal: AbortSignal.abort() }))).toEqual({
      kind: "aborted",
    });
    expect(await bench.record(claimKey(JOB, number(1)))).toBeUndefined();
  });
});
