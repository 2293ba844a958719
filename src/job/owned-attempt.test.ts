import { describe, expect, test } from "vitest";
import {
  type AttemptNumber,
  type AttemptToken,
  SpotproofError,
  newAttemptToken,
  parseJobName,
  systemClock,
} from "../base/index.ts";
import { type Store, claimKey, createMemoryStore, heartbeatKey, outcomeKey } from "../store/index.ts";
import { readJobHistory } from "./history.ts";
import { OwnedAttempt } from "./owned-attempt.ts";
import { recordBytes } from "./record-reading.ts";
import type { ClaimRecord, Outcome } from "./records.ts";

const JOB = parseJobName("train");
const FIRST = 1 as AttemptNumber;
const completed: Outcome = { kind: "completed", reason: "done", failuresUsed: 0, checkpointsCommitted: 0 };

/** A store of which single calls can be made to fail, before or after they take effect. */
class FaultyStore {
  readonly inner = createMemoryStore();
  readonly written: string[] = [];
  #fault: { readonly key: RegExp; readonly when: "before" | "after" } | undefined;

  failNext(key: RegExp, when: "before" | "after"): void {
    this.#fault = { key, when };
  }

  store(): Store {
    const around = async <T>(key: string, act: () => Promise<T>): Promise<T> => {
      const fault = this.#fault?.key.test(key) === true ? this.#fault.when : undefined;
      if (fault !== undefined) this.#fault = undefined;
      if (fault === "before") throw new SpotproofError("store-unreachable", "before");
      const result = await act();
      this.written.push(key);
      if (fault === "after") throw new SpotproofError("store-unreachable", "after");
      return result;
    };
    return {
      description: "faulty",
      create: (key, bytes, options) => around(key, () => this.inner.create(key, bytes, options)),
      replace: (key, bytes, options) => around(key, () => this.inner.replace(key, bytes, options)),
      read: (key, options) => this.inner.read(key, options),
      list: (prefix, options) => this.inner.list(prefix, options),
      listFolders: (prefix, options) => this.inner.listFolders(prefix, options),
      remove: (key, options) => this.inner.remove(key, options),
    };
  }
}

async function owned(faulty = new FaultyStore()): Promise<{ attempt: OwnedAttempt; faulty: FaultyStore }> {
  const token = newAttemptToken();
  const claim: ClaimRecord = {
    format: 1,
    job: JOB,
    attempt: FIRST,
    token,
    resumesFrom: null,
    failuresUsed: 0,
    idleAttempts: 0,
    claimedAt: "2026-11-23T00:00:00.000Z",
    host: "a",
    pid: 1,
    command: ["true"],
    writtenBy: "spotproof 0.1.0",
  };
  await faulty.inner.create(claimKey(JOB, FIRST), recordBytes(claim));
  const attempt = new OwnedAttempt({
    stored: { store: faulty.store(), job: JOB },
    clock: systemClock,
    number: FIRST,
    token,
    lineage: [],
    inherited: { failuresUsed: 0, idleAttempts: 0 },
    claimedAtMs: systemClock.now(),
  });
  return { attempt, faulty };
}

/** What a claimant does that has found the attempt silent. */
async function takeOver(faulty: FaultyStore): Promise<void> {
  const lost = {
    ...completed,
    kind: "lost" as const,
    format: 1,
    attempt: FIRST,
    endedBy: "c1a1" as AttemptToken,
    aliveMs: null,
    endedAt: "2026-11-23T00:00:00.000Z",
  };
  await faulty.inner.create(outcomeKey(JOB, FIRST), recordBytes(lost));
}

describe("J3: an attempt that somebody else has ended", () => {
  test.each(["validity", "beat", "end"] as const)(
    "learns it from %s, and its signal aborts",
    async (call) => {
      const { attempt, faulty } = await owned();
      expect(await attempt.validity()).toBe("valid");
      await takeOver(faulty);
      const answer =
        call === "end"
          ? attempt.end(completed)
          : call === "beat"
            ? attempt.beat({ phase: "running" })
            : attempt.validity();
      expect(await answer).toBe("fenced-out");
      expect(attempt.fencedOut.aborted).toBe(true);
    },
  );

  test("stays fenced out and writes nothing more", async () => {
    const { attempt, faulty } = await owned();
    await takeOver(faulty);
    await attempt.validity();
    faulty.written.length = 0;
    expect(await attempt.beat({ phase: "running" })).toBe("fenced-out");
    expect(await attempt.end(completed)).toBe("fenced-out");
    expect(await attempt.validity()).toBe("fenced-out");
    expect(faulty.written).toEqual([]);
  });

  test("K01: cannot complete the job: what the other wrote stays", async () => {
    const { attempt, faulty } = await owned();
    await takeOver(faulty);
    expect(await attempt.end(completed)).toBe("fenced-out");
    const history = await readJobHistory(faulty.inner, JOB);
    expect(history?.attempts[0]?.outcome?.kind).toBe("lost");
  });

  test("is fenced out by an outcome that nobody can read, and by a later claim alone", async () => {
    const one = await owned();
    await one.faulty.inner.create(outcomeKey(JOB, FIRST), [Buffer.from("garbage")]);
    expect(await one.attempt.validity()).toBe("fenced-out");
    const two = await owned();
    await two.faulty.inner.create(claimKey(JOB, 2 as AttemptNumber), []);
    expect(await two.attempt.validity()).toBe("fenced-out");
  });
});

describe("ending", () => {
  test("J4: an end whose answer was lost is known as our own when it is repeated", async () => {
    const { attempt, faulty } = await owned();
    faulty.failNext(/outcome/, "after");
    await expect(attempt.end(completed)).rejects.toMatchObject({ code: "store-unreachable" });
    expect(await attempt.validity()).toBe("fenced-out");
    expect(attempt.fencedOut.aborted).toBe(false);
    expect(await attempt.end(completed)).toBe("valid");
    expect(await attempt.end(completed)).toBe("valid");
  });

  test("an end that was not written leaves the attempt alive", async () => {
    const { attempt, faulty } = await owned();
    faulty.failNext(/outcome/, "before");
    await expect(attempt.end(completed)).rejects.toMatchObject({ code: "store-unreachable" });
    expect(await attempt.beat({ phase: "stopping" })).toBe("valid");
    expect(await attempt.end(completed)).toBe("valid");
  });

  test("a save that comes after the end is not acknowledged, and that is no fencing", async () => {
    const { attempt } = await owned();
    await attempt.end(completed);
    expect(await attempt.validity()).toBe("fenced-out");
    expect(await attempt.beat({ phase: "running" })).toBe("fenced-out");
    expect(attempt.fencedOut.aborted).toBe(false);
  });
});

describe("K03: heartbeats and events", () => {
  test("carry the attempt's token, and no two beats are the same", async () => {
    const { attempt, faulty } = await owned();
    const beats = new Set<unknown>();
    for (let i = 0; i < 3; i += 1) {
      attempt.note("tick", { i });
      await attempt.beat({ phase: "running" });
      const record = JSON.parse(String(await faulty.inner.read(heartbeatKey(JOB, FIRST)))) as Record<
        string,
        unknown
      >;
      expect(record["token"]).toBe(attempt.token);
      beats.add(record["beat"]);
    }
    expect(beats.size).toBe(3);
    const batches = await faulty.inner.list("jobs/train/attempts/000001/events/");
    expect(batches.map((object) => object.key.slice(-11))).toEqual([
      "000001.json",
      "000002.json",
      "000003.json",
    ]);
    const batch = JSON.parse(String(await faulty.inner.read(batches[0]?.key ?? ""))) as Record<
      string,
      unknown
    >;
    expect(batch["token"]).toBe(attempt.token);
  });

  test.each(["before", "after"] as const)(
    "every event is in the history exactly once, in order, when a write fails %s its effect",
    async (when) => {
      const { attempt, faulty } = await owned();
      attempt.note("one");
      faulty.failNext(/events/, when);
      await expect(attempt.flushEvents()).rejects.toMatchObject({ code: "store-unreachable" });
      attempt.note("two");
      await attempt.flushEvents();
      attempt.note("three");
      faulty.failNext(/events/, when);
      await expect(attempt.flushEvents()).rejects.toMatchObject({ code: "store-unreachable" });
      attempt.note("four");
      await attempt.end(completed);
      const history = await readJobHistory(faulty.inner, JOB);
      expect(history?.attempts[0]?.events.map((event) => event.kind)).toEqual([
        "one",
        "two",
        "three",
        "four",
      ]);
    },
  );

  test("flushes that overlap write each event once", async () => {
    const { attempt, faulty } = await owned();
    attempt.note("one");
    const first = attempt.flushEvents();
    attempt.note("two");
    await Promise.all([
      first,
      attempt.flushEvents(),
      attempt.flushEvents(),
      attempt.beat({ phase: "running" }),
    ]);
    attempt.note("three");
    await attempt.flushEvents();
    expect(faulty.written.filter((key) => key.includes("events"))).toHaveLength(
      new Set(faulty.written).size - 1,
    );
    const history = await readJobHistory(faulty.inner, JOB);
    expect(history?.attempts[0]?.events.map((event) => event.kind)).toEqual(["one", "two", "three"]);
  });
});
