import { describe, expect, test } from "vitest";
import { SpotproofError, checkpointId, parseJobName, systemClock, systemRandom } from "../base/index.ts";
import type { FolderSaver, RestoreResult, SaveReason } from "../checkpoint/index.ts";
import { type Attempt, claimJob, readJobHistory } from "../job/index.ts";
import { type Notice, createInterruptionRecord } from "../notice/index.ts";
import { createMemoryStore } from "../store/index.ts";
import type { SupervisorEvent } from "./events.ts";
import { systemProcessTable } from "./process-tree/process-table.ts";
import type { FolderParts, RunParts, RunPolicy } from "./run-parts.ts";
import { supervise } from "./supervisor.ts";

// Real processes and the real protocol on a memory store; the folder's engine is a fake that can be made to fail.

const JOB = parseJobName("train");

const POLICY: RunPolicy = {
  saveEveryMs: 10_000,
  commitBy: "spotproof",
  noticeSignal: undefined,
  stopSignal: "SIGTERM",
  stopTo: "group",
  stopGraceMs: 2000,
  lingerMs: 500,
  zeroAfterStop: "interrupted",
  heartbeatMs: 20,
  restart: { retries: 0, backoff: { firstMs: 1, longestMs: 1 }, forgiveAfterMs: 3_600_000 },
  retention: { last: 2 },
  lastSaveLimitMs: 2000,
};

/** A folder whose saves succeed at once unless `fails` says otherwise. */
function fakeFolder(
  attempt: Attempt,
  fails: (reason: SaveReason) => SpotproofError | undefined = () => undefined,
) {
  const saves: SaveReason[] = [];
  const saver: FolderSaver = {
    async save({ reason, confirm }) {
      saves.push(reason);
      const error = fails(reason);
      if (error !== undefined) throw error;
      await confirm();
      const id = checkpointId(attempt.number, saves.length);
      return {
        kind: "saved",
        checkpoint: {
          id,
          capturedAtMs: systemClock.now(),
          files: 1,
          totalBytes: 1,
          readBytes: 1,
          storedBytes: 1,
          durationMs: 1,
          pausedMs: 0,
          skipped: [],
        },
      };
    },
    prune: () =>
      Promise.resolve({ removedCheckpoints: [], removedPacks: 0, removedBytes: 0, keptCheckpoints: [] }),
  };
  const restore = (): Promise<RestoreResult> =>
    Promise.reject(new SpotproofError("internal", "Nothing to restore."));
  const folder: FolderParts = { path: "/nowhere", restore, openSaver: () => saver };
  return { folder, saves };
}

const interruption = (leadMs: number): Notice => ({
  id: "test/1",
  source: "test",
  kind: "interruption",
  action: "terminate",
  cause: "said so",
  deadline: { atMs: systemClock.now() + leadMs },
  deadlineAssumed: false,
  raw: "",
});

/** The attempt with some of its members replaced. */
function attemptWith(attempt: Attempt, changes: Partial<Attempt>): Attempt {
  const { job, number, token, resumesFrom, lineage, inherited, signsOfEnd, fencedOut } = attempt;
  return {
    job,
    number,
    token,
    resumesFrom,
    lineage,
    inherited,
    signsOfEnd,
    fencedOut,
    validity: (signal) => attempt.validity(signal),
    beat: (status, signal) => attempt.beat(status, signal),
    note: (kind, detail) => attempt.note(kind, detail),
    flushEvents: (signal) => attempt.flushEvents(signal),
    end: (outcome, signal) => attempt.end(outcome, signal),
    ...changes,
  };
}

/** Everything for one supervised attempt. */
async function openStage(script: string) {
  const store = createMemoryStore();
  const interruptions = createInterruptionRecord(systemClock);
  const events: SupervisorEvent[] = [];
  const claim = await claimJob({
    store,
    job: JOB,
    clock: systemClock,
    random: systemRandom,
    command: ["sh"],
    host: "here",
    pid: process.pid,
    heartbeatMs: 20,
    leaseMs: 60,
    ifRunning: "leave",
    maxIdleAttempts: 0,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  });
  if (claim.kind !== "claimed") throw new Error(claim.kind);
  const waiting: { pattern: SupervisorEvent["kind"]; resolve: () => void }[] = [];
  const parts: RunParts = {
    clock: systemClock,
    random: systemRandom,
    attempt: claim.attempt,
    claimedAtMs: systemClock.now(),
    command: ["sh", "-c", script],
    workingFolder: "/",
    environment: { PATH: process.env["PATH"] },
    folder: undefined,
    interruptions,
    userStop: { level: () => 0, onChange: () => () => undefined },
    onForwardedSignal: () => () => undefined,
    processes: systemProcessTable(process.platform),
    startGuardian: () => ({
      tidy: () => undefined,
      watch: () => undefined,
      guard: () => undefined,
      release: () => undefined,
      dismiss: () => undefined,
    }),
    openChannel: () => Promise.resolve({ socketPath: "/nowhere/job.sock", close: () => Promise.resolve() }),
    ownPid: process.pid,
    policy: POLICY,
    onEvent(event) {
      events.push(event);
      for (const { pattern, resolve } of waiting) if (pattern === event.kind) resolve();
    },
  };
  const until = (pattern: SupervisorEvent["kind"]): Promise<void> =>
    new Promise((resolve) => void waiting.push({ pattern, resolve }));
  const outcome = async () => (await readJobHistory(store, JOB))?.attempts.at(-1)?.outcome;
  return { parts, interruptions, events, until, outcome };
}

describe("before the command has started", () => {
  test("S12: an interruption that comes during the restore and is taken back does not start it in an unrestored folder", async () => {
    const { parts, interruptions, events } = await openStage("echo started");
    let restoring = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      restoring = resolve;
    });
    const lineage = [checkpointId(parts.attempt.number, 1)];
    const attempt = attemptWith(parts.attempt, { lineage });
    const restore: FolderParts["restore"] = (_lineage, _onSkipped, signal) => {
      restoring();
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    };
    const { folder } = fakeFolder(attempt);
    const ending = supervise({ ...parts, attempt, folder: { ...folder, restore } });
    await begun;
    interruptions.hear({ kind: "noticed", notice: interruption(60_000) });
    interruptions.hear({ kind: "cleared", noticeId: "test/1", reason: "taken back" });
    expect(await ending).toMatchObject({ kind: "interrupted" });
    expect(events.map(({ kind }) => kind)).not.toContain("command-started");
  });

  test("a first save that is impossible is refused before anything runs, and leaves the job to whoever stands by", async () => {
    const { parts, events, outcome } = await openStage("echo started");
    const { folder } = fakeFolder(parts.attempt, () => new SpotproofError("disk-full", "no room"));
    await expect(supervise({ ...parts, folder })).rejects.toMatchObject({ code: "disk-full" });
    expect(events.map(({ kind }) => kind)).not.toContain("command-started");
    expect(await outcome()).toMatchObject({
      kind: "interrupted",
      reason: expect.stringMatching(/this machine could not go on/) as string,
    });
  });

  test("C06: a store that does not answer the first save is tried again, and told of once", async () => {
    const { parts, events } = await openStage("true");
    let failures = 0;
    const { folder, saves } = fakeFolder(parts.attempt, () => {
      failures += 1;
      return failures > 3 ? undefined : new SpotproofError("store-unreachable", "away");
    });
    expect((await supervise({ ...parts, folder })).kind).toBe("completed");
    expect(saves).toEqual(["start", "start", "start", "start", "final"]);
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind.startsWith("store-"));
    expect(kinds).toEqual(["store-trouble", "store-well"]);
  });

  test("S12: an interruption ends that trying, and the command is not started", async () => {
    const { parts, interruptions, events, until } = await openStage("true");
    const { folder } = fakeFolder(parts.attempt, () => new SpotproofError("store-unreachable", "away"));
    const inTrouble = until("store-trouble");
    const ending = supervise({ ...parts, folder });
    await inTrouble;
    interruptions.hear({ kind: "noticed", notice: interruption(60_000) });
    expect(await ending).toMatchObject({ kind: "interrupted" });
    expect(events.map(({ kind }) => kind)).not.toContain("command-started");
  });
});

describe("while the command runs", () => {
  test("C20: a save that fails is told, and the job goes on to its end", async () => {
    const { parts, events } = await openStage("sleep 0.6");
    const { folder } = fakeFolder(parts.attempt, (reason) =>
      reason === "interval" ? new SpotproofError("store-full", "no room") : undefined,
    );
    const end = await supervise({ ...parts, folder, policy: { ...POLICY, saveEveryMs: 50 } });
    expect(end.kind).toBe("completed");
    expect(events).toContainEqual(expect.objectContaining({ kind: "save-failed", code: "store-full" }));
  });

  test("E2 C06: a heartbeat that is never answered does not keep the next ones back, and is told once", async () => {
    const { parts, events } = await openStage("sleep 0.8");
    let beats = 0;
    const hanging = attemptWith(parts.attempt, {
      beat: (_status, signal) => {
        beats += 1;
        return new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
        });
      },
    });
    expect((await supervise({ ...parts, attempt: hanging })).kind).toBe("completed");
    expect(beats).toBeGreaterThan(2);
    expect(events.filter(({ kind }) => kind === "store-trouble")).toHaveLength(1);
  });

  test("a long lead is no reason to save less often", async () => {
    const { parts, interruptions, until } = await openStage("sleep 1.2");
    const { folder, saves } = fakeFolder(parts.attempt);
    const started = until("command-started");
    const ending = supervise({ ...parts, folder, policy: { ...POLICY, saveEveryMs: 100 } });
    await started;
    interruptions.hear({ kind: "noticed", notice: interruption(3_600_000) });
    expect((await ending).kind).toBe("completed");
    expect(saves.filter((reason) => reason === "interval").length).toBeGreaterThan(2);
    expect(saves).toContain("notice");
  });

  test("S10 J5: a crash while an interruption is announced is both, and what it left is not saved", async () => {
    const { parts, interruptions, until, outcome } = await openStage("sleep 0.3; exit 3");
    const { folder, saves } = fakeFolder(parts.attempt);
    const started = until("command-started");
    const ending = supervise({
      ...parts,
      folder,
      policy: { ...POLICY, restart: { ...POLICY.restart, retries: 3 } },
    });
    await started;
    interruptions.hear({ kind: "noticed", notice: interruption(60_000) });
    expect((await ending).kind).toBe("interrupted");
    expect(saves).toEqual(["start", "notice"]);
    expect(await outcome()).toMatchObject({ kind: "interrupted", exitStatus: 3, failuresUsed: 1 });
  });
});
