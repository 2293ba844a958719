import { describe, expect, test } from "vitest";
import {
  type AttemptNumber,
  type AttemptToken,
  type CheckpointId,
  checkpointId,
  parseJobName,
  seededRandom,
  systemClock,
} from "../base/index.ts";
import { VirtualTime } from "../simulator/virtual-time.ts";
import { type Store, createMemoryStore, manifestKey, outcomeKey } from "../store/index.ts";
import type { Attempt } from "./attempt.ts";
import { claimJob } from "./claim-job.ts";
import { listJobs, readJobHistory, unsavedWork } from "./history.ts";
import { type LivenessOptions, observeLiveness, requireEnded } from "./liveness.ts";
import type { HeartbeatRecord, OutcomeRecord } from "./records.ts";

const JOB = parseJobName("train");

async function claim(store: Store): Promise<Attempt> {
  const result = await claimJob({
    store,
    job: JOB,
    clock: systemClock,
    random: seededRandom(1),
    command: ["true"],
    host: "a",
    pid: 1,
    heartbeatMs: 10_000,
    leaseMs: 30_000,
    ifRunning: "leave",
    maxIdleAttempts: 0,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  });
  if (result.kind !== "claimed") throw new Error(result.kind);
  return result.attempt;
}

const interrupted = {
  kind: "interrupted" as const,
  reason: "notice",
  failuresUsed: 0,
  checkpointsCommitted: 1,
};

describe("the history of a job", () => {
  test("is undefined for a job that the store does not have", async () => {
    const store = createMemoryStore();
    expect(await listJobs(store)).toEqual([]);
    expect(await readJobHistory(store, JOB)).toBeUndefined();
  });

  test("has every attempt with its checkpoints, and the lineage of the next one", async () => {
    const store = createMemoryStore();
    const first = await claim(store);
    await store.create(manifestKey(JOB, checkpointId(first.number, 1)), []);
    await first.end(interrupted);
    const second = await claim(store);
    await store.create(manifestKey(JOB, checkpointId(first.number, 2)), []);
    await store.create(manifestKey(JOB, checkpointId(second.number, 1)), []);
    await second.beat({ phase: "running" });
    expect(await listJobs(store)).toEqual(["train"]);
    const history = await readJobHistory(store, JOB);
    expect(history?.lineage).toEqual(["000002-000001", "000001-000001"]);
    expect(history?.attempts).toMatchObject([
      { number: 1, outcome: { kind: "interrupted" }, checkpoints: ["000001-000001", "000001-000002"] },
      { number: 2, outcome: undefined, heartbeat: { beat: 1 }, checkpoints: ["000002-000001"] },
    ]);
  });
});

describe("unsaved work", () => {
  const heartbeat: HeartbeatRecord = {
    format: 1,
    attempt: 1 as AttemptNumber,
    token: "a" as AttemptToken,
    beat: 4,
    aliveMs: 40_000,
    writtenAt: "",
    phase: "running",
    progress: { done: 70 },
    lastCheckpoint: "000001-000002" as CheckpointId,
    lastCheckpointAtMs: 31_000,
    lastCheckpointProgress: { done: 60 },
  };
  const outcome: OutcomeRecord = {
    ...interrupted,
    format: 1,
    attempt: 1 as AttemptNumber,
    endedBy: "a" as AttemptToken,
    aliveMs: 45_000,
    endedAt: "",
    lastCheckpoint: "000001-000003" as CheckpointId,
    lastCheckpointAtMs: 44_500,
    lastCheckpointProgress: { done: 79 },
    progress: { done: 80 },
  };
  const lost: OutcomeRecord = { ...outcome, kind: "lost", aliveMs: null };
  const fresh = { resumesFrom: null };

  test("of an attempt that said how it ended is counted to its end", () => {
    expect(unsavedWork(fresh, heartbeat, outcome)).toEqual({ ms: 500, progress: 1, atLeast: false });
  });

  test("of a lost attempt is counted to its last heartbeat, and may be more", () => {
    const last = { ...lost, lastCheckpoint: heartbeat.lastCheckpoint };
    expect(unsavedWork(fresh, heartbeat, last)).toEqual({ ms: 9000, progress: 10, atLeast: true });
    expect(unsavedWork(fresh, heartbeat, undefined)).toEqual({ ms: 9000, progress: 10, atLeast: true });
  });

  test("is unknown from a checkpoint on that was made after the last heartbeat", () => {
    expect(unsavedWork(fresh, heartbeat, lost)).toEqual({ ms: 0, progress: undefined, atLeast: true });
  });

  test("is not there after completion, and unknown of an attempt that never said anything", () => {
    expect(unsavedWork(fresh, heartbeat, { ...outcome, kind: "completed" })).toBeUndefined();
    expect(unsavedWork(fresh, undefined, lost)).toBeUndefined();
  });

  test("without a checkpoint is the whole attempt; how much progress, only a first attempt knows", () => {
    const { lastCheckpoint: _, lastCheckpointAtMs: __, lastCheckpointProgress: ___, ...bare } = heartbeat;
    expect(unsavedWork(fresh, bare, undefined)).toEqual({ ms: 40_000, progress: 70, atLeast: true });
    const resumed = { resumesFrom: "000001-000001" as CheckpointId };
    expect(unsavedWork(resumed, bare, undefined)).toEqual({ ms: 40_000, progress: undefined, atLeast: true });
  });
});

describe("K06: whether an attempt without an outcome lives", () => {
  const time = (): { time: VirtualTime; options: LivenessOptions } => {
    const virtual = new VirtualTime(seededRandom(1));
    return {
      time: virtual,
      options: {
        clock: virtual.machine("observer"),
        random: seededRandom(2),
        leaseMs: 30_000,
        heartbeatMs: 10_000,
        signal: new AbortController().signal,
      },
    };
  };

  test("is told by its heartbeat as soon as that changes", async () => {
    const store = createMemoryStore();
    const attempt = await claim(store);
    const { time: virtual, options } = time();
    const observing = observeLiveness(store, JOB, options);
    virtual.plan(9000, () => void attempt.beat({ phase: "running" }));
    await virtual.run(12_000);
    expect(await observing).toEqual({ kind: "alive", attempt: 1, host: "a" });
  });

  test("is told by a lease of silence, and nothing is written", async () => {
    const store = createMemoryStore();
    await claim(store);
    const before = await store.list("");
    const { time: virtual, options } = time();
    const observing = observeLiveness(store, JOB, options);
    await virtual.run(40_000);
    expect(await observing).toEqual({ kind: "silent", attempt: 1, host: "a" });
    expect(await store.list("")).toEqual(before);
  });

  test("an attempt counts as alive for whoever must not wait", async () => {
    const store = createMemoryStore();
    const attempt = await claim(store);
    const { signal } = new AbortController();
    expect(await requireEnded(store, JOB, { signal })).toEqual({ kind: "alive", attempt: 1, host: "a" });
    await attempt.end(interrupted);
    expect(await requireEnded(store, JOB, { signal })).toMatchObject({
      kind: "ended",
      outcome: { kind: "interrupted" },
    });
  });

  test("J2: a dead one is given up after a whole lease, as a claimant would", async () => {
    const store = createMemoryStore();
    const attempt = await claim(store);
    const { time: virtual, options } = time();
    const ending = requireEnded(store, JOB, { observe: options, signal: options.signal });
    await virtual.run(40_000);
    expect(await ending).toMatchObject({ kind: "ended", outcome: { kind: "lost" } });
    expect(await store.read(outcomeKey(JOB, attempt.number))).toBeDefined();
    expect(await attempt.validity()).toBe("fenced-out");
  });
});
