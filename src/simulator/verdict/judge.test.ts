import { describe, expect, test } from "vitest";
import type { JobAttempt, RehearsalRecord, RehearsedJob } from "../rehearsal/record.ts";
import { judge } from "./judge.ts";
import { matchesGlob } from "./match-glob.ts";
import type { RehearsalFinding } from "./verdict.ts";

const OPTIONS = { allow: new Set<string>(), mayLose: [], maxLostShare: 0.25, saveEveryMs: 1500 };

function attempt(number: number, parts: Partial<JobAttempt> = {}): JobAttempt {
  return {
    number,
    machine: number,
    fromMs: number * 5000,
    workFromMs: number * 5000,
    toMs: number * 5000 + 4000,
    end: { kind: "interrupted", reason: "asked to stop", status: 75, signal: null },
    saves: [],
    progress: [],
    usefulMs: 4000,
    lostMs: 0,
    killed: [],
    ...parts,
  };
}

const completed: Partial<JobAttempt> = {
  end: { kind: "completed", reason: "ended with status 0", status: 0, signal: null },
};

function job(parts: Partial<RehearsedJob> = {}): RehearsedJob {
  const attempts = parts.attempts ?? [attempt(1), attempt(2, { ...completed, resumedFrom: "000001-000002" })];
  return {
    id: "job",
    title: "with Spotproof",
    command: "python3 train.py",
    supervised: true,
    alone: { tookMs: 8000, status: 0, signal: null },
    machines: attempts.map(({ machine, fromMs, toMs }, index) => ({
      number: machine,
      zone: "a",
      fromMs,
      toMs,
      end: index === attempts.length - 1 ? "released" : "interrupted",
      pauses: [],
      aliveAtEnd: [],
    })),
    attempts,
    finishedMs: 14_000,
    outputs: [],
    leftBehind: [],
    halfWritten: [],
    lastWords: [],
    ...parts,
  };
}

function record(jobs: readonly RehearsedJob[], parts: Partial<RehearsalRecord> = {}): RehearsalRecord {
  return {
    format: 1,
    writtenBy: "spotproof 0.1.0",
    startedAt: "2026-01-02T03:04:05.000Z",
    tookMs: 14_000,
    plan: {
      scenario: "typical",
      description: "one",
      seed: 1,
      cloud: "aws",
      machines: 1,
      zones: ["a"],
      metadata: { tokens: "required", clockAheadMs: 0, faults: [] },
      interruptions: [
        {
          number: 1,
          at: { kind: "share", share: 0.5 },
          duringWrite: false,
          notice: { action: "terminate", leadMs: 120_000, via: "metadata" },
          end: { kind: "machine" },
          capacityDelayMs: 30_000,
          flaps: [],
          faults: [],
        },
      ],
      storeFaults: [],
      limits: { machines: 20, timeMs: 3_600_000 },
    },
    speed: 40,
    pacedBy: "time",
    computer: { platform: "linux", cores: 2, node: "v20", isolation: "namespaces" },
    notes: [],
    interruptions: [
      { number: 1, trigger: "at 50 %", noticeMs: 6000, leadMs: 3000, endMs: 9000, what: "notice 120 s" },
    ],
    storeFaults: [],
    jobs,
    ...parts,
  };
}

function findings(parts: Partial<RehearsedJob>, options = OPTIONS): readonly RehearsalFinding[] {
  return judge(record([job(parts)]), options).jobs[0]?.findings ?? [];
}

const ids = (found: readonly RehearsalFinding[]): readonly string[] =>
  found.filter(({ severity }) => severity === "fails").map(({ id }) => id);

describe("the verdict", () => {
  test("a job that lost its machine, finished, and lost nothing is spot-proof", () => {
    const heard = [attempt(1, { heardMs: 6100, toMs: 8800 }), attempt(2, completed)];
    const verdict = judge(record([job({ attempts: heard })]), OPTIONS);
    expect(verdict.spotProof).toBe(true);
    expect(verdict.jobs[0]?.findings).toEqual([]);
    expect(verdict.jobs[0]?.totals.notices).toEqual([
      { interruption: 1, leadMs: 3000, heardAfterMs: 100, leftBeforeEndMs: 200 },
    ]);
    expect(verdict.jobs[0]?.summary).toBe("It lost its machine once, finished, and lost no work.");
  });

  test("what is compared with it decides nothing", () => {
    const other = job({ id: "compare", finishedMs: undefined, gaveUp: "not done after 20 machines" });
    const verdict = judge(record([job(), other]), OPTIONS);
    expect([verdict.spotProof, verdict.jobs[1]?.spotProof]).toEqual([true, false]);
  });

  test("R01: a job that fails when nobody interrupts it proves nothing", () => {
    const parts = {
      attempts: [],
      finishedMs: undefined,
      alone: { tookMs: 10, status: 3, signal: null },
      gaveUp: "the job ended with status 3",
      lastWords: ["no such file: data.csv"],
    };
    const [found] = findings(parts);
    expect(found?.id).toBe("R01");
    expect(found?.detail).toContain("no such file: data.csv");
  });

  test("R02: without an interruption nothing is proved; with some of them it is said", () => {
    const never = record([job({ attempts: [attempt(1, completed)] })], {
      interruptions: [{ number: 1, trigger: "at 50 %", what: "notice 120 s", skipped: true }],
    });
    expect(ids(judge(never, OPTIONS).jobs[0]?.findings ?? [])).toEqual(["R02"]);
    const tooLate = record([job({ attempts: [attempt(1, completed)] })]);
    expect(ids(judge(tooLate, OPTIONS).jobs[0]?.findings ?? [])).toEqual(["R02"]);
  });

  test("K08: an interruption that threw the job back to its beginning", () => {
    const attempts = [attempt(1, { usefulMs: 0, lostMs: 4000 }), attempt(2, completed)];
    expect(ids(findings({ attempts }))).toEqual(["K08"]);
    const short = [attempt(1, { usefulMs: 0, lostMs: 900 }), attempt(2, completed)];
    expect(ids(findings({ attempts: short }))).toEqual([]);
  });

  test("K08: a checkpoint that was put back and not read, by progress and by time", () => {
    const save = { id: "000001-000002", atMs: 8800, reason: "notice", durationMs: 20, storedBytes: 9 };
    const attempts = [
      attempt(1, { saves: [save], progress: [{ atMs: 8000, done: 60, unit: "steps" }] }),
      attempt(2, {
        ...completed,
        resumedFrom: save.id,
        progress: [{ atMs: 11_000, done: 10, unit: "steps" }],
      }),
    ];
    expect(findings({ attempts })[0]?.detail).toContain("was given 60 steps and first reported 10");
    const slow = [attempt(1), attempt(2, { ...completed, resumedFrom: save.id, usefulMs: 12_000 })];
    expect(ids(findings({ attempts: slow }))).toEqual(["K08"]);
  });

  test("K08: a job that writes only a log into its checkpoint folder does all its work on the last machine", () => {
    const attempts = [
      attempt(1, { usefulMs: 4000 }),
      attempt(2, { ...completed, resumedFrom: "000001-000002", usefulMs: 8100 }),
    ];
    expect(ids(findings({ attempts }))).toEqual(["K08"]);
    const verdict = judge(record([job({ attempts })]), OPTIONS);
    expect(verdict.jobs[0]?.summary).toContain("worked for 12.1 s where 8.0 s are enough");
    const startsSlowly = [
      attempt(1, { usefulMs: 5000 }),
      attempt(2, { usefulMs: 5500, resumedFrom: "000001-000002" }),
      attempt(3, { ...completed, resumedFrom: "000002-000002", usefulMs: 6000 }),
    ];
    expect(ids(findings({ attempts: startsSlowly }))).toEqual([]);
  });

  test("K08 counts every time at which it began again, also the short ones", () => {
    const attempts = [
      attempt(1, { usefulMs: 0, lostMs: 1000 }),
      attempt(2, { usefulMs: 0, lostMs: 4000 }),
      attempt(3, completed),
    ];
    expect(findings({ attempts })[0]?.detail).toContain("2 times: 5.0 s");
  });

  test("R02: a job that lost most of its work within what may always be lost is too short to tell", () => {
    const alone = { tookMs: 3000, status: 0, signal: null };
    const attempts = [
      attempt(1, { usefulMs: 0, lostMs: 2600 }),
      attempt(2, { ...completed, usefulMs: 3000 }),
    ];
    expect(ids(findings({ alone, attempts }))).toEqual(["R02"]);
    expect(ids(findings({ alone, attempts }, { ...OPTIONS, maxLostShare: 1 }))).toEqual([]);
    expect(ids(findings({ alone, attempts, finishedMs: undefined }))).not.toContain("R02");
    const little = [attempt(1, { usefulMs: 0, lostMs: 1400 }), attempt(2, { ...completed, usefulMs: 3000 })];
    expect(ids(findings({ alone, attempts: little }))).toEqual([]);
  });

  test("S10, not C01: who failed long after it had read its checkpoint", () => {
    const failed = { end: { kind: "failed", reason: "ended with status 3" } } as const;
    const late = attempt(2, { ...failed, resumedFrom: "000001-000002" });
    expect(ids(findings({ attempts: [attempt(1), late], finishedMs: undefined }))).toEqual(["S10"]);
    const atOnce = { ...late, toMs: 10_300 };
    expect(ids(findings({ attempts: [attempt(1), atOnce], finishedMs: undefined }))).toEqual(["C01"]);
  });

  test("C07 and D08: more was lost than may be, with a notice and without", () => {
    const lost = { usefulMs: 500, lostMs: 3500 };
    expect(
      ids(findings({ attempts: [attempt(1, { ...lost, heardMs: 6100 }), attempt(2, completed)] })),
    ).toEqual(["C07"]);
    const attempts = [attempt(1, lost), attempt(2, completed)];
    expect(ids(findings({ attempts }))).toEqual(["D08"]);
    expect(ids(findings({ attempts }, { ...OPTIONS, maxLostShare: 0.5 }))).toEqual([]);
  });

  test("K01: two copies that worked at the same time, unless the old one was fenced out", () => {
    const machines = job().machines.map((machine, index) =>
      index === 0 ? { ...machine, toMs: 13_000, pauses: [{ fromMs: 6000, toMs: 8000 }] } : machine,
    );
    const both = [attempt(1, { toMs: 13_000 }), attempt(2, completed)];
    expect(ids(findings({ supervised: false, attempts: both, machines }))).toContain("K01");
    const fenced = attempt(1, { toMs: 13_000, end: { kind: "fenced-out", reason: "a later attempt" } });
    expect(ids(findings({ attempts: [fenced, attempt(2, completed)], machines }))).not.toContain("K01");
  });

  test("K01 is not said of a machine that stood still until it was taken away", () => {
    const machines = job().machines.map((machine, index) =>
      index === 0 ? { ...machine, toMs: 13_000, pauses: [{ fromMs: 6000, toMs: 13_001 }] } : machine,
    );
    const killed = { kind: "died", reason: "with its machine" } as const;
    const attempts = [attempt(1, { toMs: 13_050, end: killed }), attempt(2, completed)];
    expect(ids(findings({ supervised: false, attempts, machines }))).not.toContain("K01");
  });

  test("an attempt that ended before its first word is nobody's successor, and leaves a gap that changes nothing", () => {
    const lost = { usefulMs: 0, lostMs: 3500 };
    const never = attempt(2, { workFromMs: undefined, usefulMs: 0 });
    expect(ids(findings({ attempts: [attempt(1, lost), never, attempt(3, completed)] }))).toEqual(["K08"]);
    expect(ids(findings({ attempts: [attempt(1, lost), attempt(3, completed)] }))).toEqual(["K08"]);
    expect(ids(findings({ attempts: [attempt(1, lost), never], finishedMs: undefined }))).toEqual(["K14"]);
  });

  test("D08, not K08: who lost all of an attempt, but went on from the checkpoint before it", () => {
    const attempts = [
      attempt(1),
      attempt(2, { usefulMs: 0, lostMs: 3500, resumedFrom: "000001-000002" }),
      attempt(3, { ...completed, resumedFrom: "000001-000002" }),
    ];
    expect(ids(findings({ attempts }))).toEqual(["D08"]);
  });

  test("a notice that came when the job was done was not missed by it", () => {
    const jobs = [job({ finishedMs: 5900 })];
    expect(judge(record(jobs), OPTIONS).jobs[0]?.totals.notices).toEqual([]);
  });

  test("nothing is said of a run alone that was left out", () => {
    const failed = { end: { kind: "failed", reason: "ended with status 3" } } as const;
    const attempts = [attempt(1), attempt(2, { ...failed, toMs: 10_100, resumedFrom: "000001-000002" })];
    const [found] = findings({ alone: undefined, attempts, finishedMs: undefined });
    expect([found?.id, found?.detail]).toEqual(["C01", expect.not.stringContaining("alone")]);
  });

  test("L01: files that went away with the last machine are named; what nobody misses is not", () => {
    const file = { where: "tmp", bytes: 90, machine: 2, afterCompletion: true } as const;
    const leftBehind = [
      { ...file, path: "/tmp/result.csv" },
      { ...file, path: "train.log", where: "scratch" as const },
      { ...file, path: "/tmp/half.csv", machine: 1, afterCompletion: false },
    ];
    const found = findings({ leftBehind }, { ...OPTIONS, mayLose: ["*.log"] } as typeof OPTIONS);
    expect(ids(found)).toEqual(["L01"]);
    expect(found[0]?.detail).toContain("/tmp/result.csv (90 B)");
    expect(found[0]?.detail).not.toContain("half.csv");
  });

  test("L01: what appeared in a /tmp that others use too is a warning with its name", () => {
    const file = { where: "tmp", bytes: 90, machine: 1, afterCompletion: false, uncertain: true } as const;
    const leftBehind = [{ ...file, path: "/tmp/result.csv" }];
    const found = findings({ leftBehind }).find(({ id }) => id === "L01");
    expect(found?.severity).toBe("warns");
    expect(found?.detail).toContain("/tmp/result.csv (90 B)");
  });

  test("L03 and R03: an output that only the machine had, and one that is another than without interruptions", () => {
    const outputs = [
      { path: "out.bin", result: "same", durable: false },
      { path: "model.bin", result: "different", durable: true, detail: "9 instead of 8 bytes" },
    ] as const;
    expect(ids(findings({ outputs }))).toEqual(["L03", "R03"]);
  });

  test("C01: a state that was saved half-written, and one from which the job cannot go on", () => {
    const halfWritten = [
      { path: "state.json", checkpoint: "000001-000002", atMs: 1, bytes: 5, wholeBytes: 9, restored: false },
    ];
    expect(findings({ halfWritten })[0]?.detail).toContain("5 of 9 bytes");
    const failed = attempt(2, {
      resumedFrom: "000001-000002",
      toMs: 10_100,
      end: { kind: "failed", reason: "the command ended with status 1", status: 1, signal: null },
    });
    const found = findings({ attempts: [attempt(1), failed], finishedMs: undefined, gaveUp: "status 1" });
    expect(ids(found)).toEqual(["C01"]);
  });

  test("S08 and S02: a command that does not stop, and processes that it leaves behind", () => {
    const deaf = [attempt(1, { killed: ["python3 (pid 7)"] }), attempt(2, completed)];
    expect(ids(findings({ attempts: deaf }))).toEqual(["S08"]);
    const daemon = attempt(2, { ...completed, killed: ["d (pid 8)"], leftRunning: ["d (pid 8)"] });
    expect(ids(findings({ attempts: [attempt(1), daemon] }))).toEqual(["S02"]);
  });

  test("what was allowed is shown, but does not fail", () => {
    const attempts = [attempt(1, { killed: ["python3 (pid 7)"] }), attempt(2, completed)];
    const verdict = judge(record([job({ attempts })]), { ...OPTIONS, allow: new Set(["S08"]) });
    expect(verdict.spotProof).toBe(true);
    expect(verdict.jobs[0]?.findings[0]?.severity).toBe("allowed");
  });
});

test.each([
  ["train.log", "*.log", true],
  ["logs/train.log", "*.log", true],
  ["logs/train.log", "logs/*", true],
  ["logs/a/train.log", "logs/*", false],
  ["logs/a/train.log", "logs/**", true],
  ["/tmp/x.csv", "/tmp/*", true],
  ["a+b.txt", "a+b.txt", true],
  ["aab.txt", "a+b.txt", false],
])("%s matches %s: %s", (path, glob, expected) => {
  expect(matchesGlob(path, glob)).toBe(expected);
});
