import { COMPLETED, type Scene, attempt, job, judged, machine, record } from "./pieces.fixture.ts";

// What is rare, empty, enormous or hostile.

/** Nothing happened to it. */
export function calmScene(): Scene {
  const calm = job(
    [machine(1, 20, 3_000)],
    [attempt({ number: 1, fromMs: 60, toMs: 2_900, end: COMPLETED, shares: [0, 1], savesAt: [2_880] })],
    { finishedMs: 2_840 },
  );
  return {
    record: record("gentle", [], [calm], { speed: 1 }),
    verdict: {
      spotProof: true,
      jobs: [judged(calm, 0, { summary: "Nothing interrupted the job, and it finished." })],
    },
  };
}

/** Two machines at the same time; then their zone goes away. */
export function standbyScene(): Scene {
  const interruptions = [
    {
      number: 1,
      trigger: "after 4.0 s of work",
      noticeMs: 4_300,
      leadMs: 3_000,
      action: "terminate",
      endMs: 7_300,
      what: "notice 120 s",
    },
    { number: 2, trigger: "after 8.0 s of work", endMs: 12_000, what: "no notice, the whole zone" },
    { number: 3, trigger: "after 9.0 s of work", rebalanceMs: 14_500, what: "recommendation only" },
  ];
  const standby = job(
    [
      machine(1, 100, 7_300, { end: "interrupted" }),
      machine(2, 150, 12_000, { end: "lost" }),
      machine(3, 8_000, 12_000, { end: "lost" }),
      machine(4, 13_200, 18_000),
      machine(5, 13_300, 18_000),
    ],
    [
      attempt({
        number: 1,
        machine: 1,
        fromMs: 150,
        toMs: 6_900,
        end: { kind: "interrupted", reason: "notice" },
        savesAt: [2_000, 4_350, 7_000],
        heardMs: 4_340,
      }),
      attempt({
        number: 2,
        machine: 2,
        fromMs: 7_050,
        toMs: 12_000,
        end: { kind: "died", reason: "its machine was taken away without notice" },
        savesAt: [9_000, 11_000],
        lostMs: 1_000,
        resumedFrom: "000001-000003",
      }),
      attempt({
        number: 3,
        machine: 5,
        fromMs: 13_500,
        toMs: 17_900,
        end: COMPLETED,
        savesAt: [15_500, 17_850],
        resumedFrom: "000002-000002",
      }),
    ],
    { finishedMs: 17_750 },
  );
  return {
    record: record("typical", interruptions, [standby], { pacedBy: "time" }),
    verdict: {
      spotProof: true,
      jobs: [judged(standby, 2, { summary: "The job finished on a machine that had stood by." })],
    },
  };
}

const HOSTILE = `<script>alert("1")</script> & 'quotes' \u001b[31mred\u0007 \u202egnp.exe \u05e9\u05dc\u05d5\u05dd ${"very-long-name-".repeat(20)}\nsecond line`;

/** Never finished, no progress, and every text tries to be something else. */
export function hostileScene(): Scene {
  const hostile = job(
    [
      machine(1, 0, 5_000, { end: "lost", zone: HOSTILE, aliveAtEnd: [HOSTILE] }),
      machine(2, 6_000, 9_000, { zone: HOSTILE }),
    ],
    [
      attempt({
        number: 1,
        fromMs: 10,
        toMs: 5_000,
        end: { kind: "failed", status: 3, signal: null, reason: HOSTILE },
        lostMs: 4_790,
        killed: [HOSTILE],
      }),
      {
        ...attempt({ number: 2, fromMs: 6_100, toMs: 9_000, end: { kind: "unfinished", reason: HOSTILE } }),
        workFromMs: undefined,
      },
    ],
    {
      title: HOSTILE,
      command: HOSTILE,
      gaveUp: HOSTILE,
      outputs: [{ path: HOSTILE, result: "different", durable: false, detail: HOSTILE }],
      leftBehind: Array.from({ length: 3_000 }, (_, index) => ({
        path: `${index}-${HOSTILE}`,
        where: "tmp" as const,
        bytes: 1,
        machine: 1,
        afterCompletion: false,
      })),
      halfWritten: [{ path: HOSTILE, atMs: 1, bytes: 0, restored: false }],
      lastWords: [HOSTILE, "\ud800 half a pair"],
    },
  );
  const compare = { ...hostile, id: "compare" as const, machines: [], attempts: [] };
  const bad = {
    spotProof: false,
    summary: HOSTILE,
    findings: [{ id: "L01", severity: "fails" as const, title: HOSTILE, detail: HOSTILE, remedy: HOSTILE }],
  };
  const interruptions = [{ number: 1, trigger: HOSTILE, endMs: 5_000, what: HOSTILE }];
  return {
    record: record(HOSTILE, interruptions, [hostile, compare], {
      notes: [HOSTILE],
      writtenBy: HOSTILE,
      storeFaults: [{ kind: HOSTILE, fromMs: 1_000, toMs: 2_000 }],
    }),
    verdict: { spotProof: false, jobs: [judged(hostile, 1, bad), judged(compare, 1, bad)] },
  };
}

/** Two days of work and ten thousand saves. */
export function manySavesScene(): Scene {
  const hours = 3_600_000;
  const savesAt = Array.from({ length: 10_000 }, (_, index) => 10_000 + index * 17_000);
  const long = job(
    [machine(1, 0, 48 * hours)],
    [attempt({ number: 1, fromMs: 100, toMs: 48 * hours, end: COMPLETED, shares: [0, 1], savesAt })],
    { finishedMs: 48 * hours },
  );
  return {
    record: record("gentle", [], [long], { speed: 1 }),
    verdict: {
      spotProof: true,
      jobs: [judged(long, 0, { summary: "Nothing interrupted the job, and it finished." })],
    },
  };
}

/** Over before it had begun: a command that does not exist. */
export function tinyScene(): Scene {
  const tiny = job([machine(1, 1, 3)], [], { gaveUp: "the command was not found" });
  return {
    record: record("gentle", [], [tiny], { tookMs: 3 }),
    verdict: {
      spotProof: false,
      jobs: [judged(tiny, 0, { spotProof: false, summary: "The command could not be started." })],
    },
  };
}

/** No machine ever came. */
export function nothingScene(): Scene {
  const nothing = job([], [], { gaveUp: "no machine came within the limit" });
  return {
    record: record("famine", [], [nothing], { tookMs: 0 }),
    verdict: {
      spotProof: false,
      jobs: [judged(nothing, 0, { spotProof: false, summary: "No machine came." })],
    },
  };
}
