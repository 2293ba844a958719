import type { InterruptionHappening } from "../rehearsal/record.ts";
import type { Verdict } from "../verdict/verdict.ts";
import {
  COMPLETED,
  DIED,
  INTERRUPTED,
  type Scene,
  attempt,
  job,
  judged,
  machine,
  record,
} from "./pieces.fixture.ts";

const TYPICAL: readonly InterruptionHappening[] = [
  {
    number: 1,
    trigger: "at 22 % of the job's progress",
    rebalanceMs: 4_700,
    noticeMs: 5_200,
    action: "terminate",
    leadMs: 3_000,
    endMs: 8_200,
    what: "notice 120 s",
  },
  { number: 2, trigger: "at 51 % of the job's progress", endMs: 13_900, what: "no notice" },
  {
    number: 3,
    trigger: "at 64 % of the job's progress",
    noticeMs: 17_400,
    action: "terminate",
    leadMs: 3_000,
    cancelledMs: 18_600,
    what: "notice taken back",
  },
  {
    number: 4,
    trigger: "at 83 % of the job's progress",
    noticeMs: 20_600,
    action: "terminate",
    leadMs: 3_000,
    endMs: 23_600,
    what: "notice 120 s",
  },
  { number: 5, trigger: "at 100 % of the job's progress", what: "notice 120 s", skipped: true },
];

/** Survived, beside the same job without any help. */
export function typicalScene(): Scene {
  const supervised = job(
    [
      machine(1, 300, 8_200, { end: "interrupted" }),
      machine(2, 9_000, 13_900, { end: "lost", aliveAtEnd: ["python3"] }),
      machine(3, 14_900, 23_600, { end: "interrupted" }),
      machine(4, 24_300, 27_800),
    ],
    [
      attempt({
        number: 1,
        fromMs: 350,
        toMs: 7_700,
        end: INTERRUPTED,
        shares: [0, 0.33],
        savesAt: [1_900, 3_400, 4_800, 5_300, 7_900],
        heardMs: 5_230,
      }),
      attempt({
        number: 2,
        fromMs: 9_100,
        workFromMs: 9_500,
        toMs: 13_900,
        end: DIED,
        shares: [0.33, 0.52],
        lostMs: 900,
        savesAt: [11_000, 13_000],
        resumedFrom: "000001-000005",
      }),
      attempt({
        number: 3,
        fromMs: 15_600,
        workFromMs: 16_000,
        toMs: 23_100,
        end: INTERRUPTED,
        shares: [0.48, 0.86],
        savesAt: [17_430, 19_100, 20_640, 23_300],
        resumedFrom: "000002-000002",
        heardMs: 20_640,
      }),
      attempt({
        number: 4,
        fromMs: 24_400,
        workFromMs: 24_750,
        toMs: 27_700,
        end: COMPLETED,
        shares: [0.86, 1],
        savesAt: [26_200, 27_650],
        resumedFrom: "000003-000004",
      }),
    ],
    { finishedMs: 27_350, outputs: [{ path: "out/result.json", result: "same", durable: true }] },
  );
  const naive = job(
    [
      machine(1, 300, 8_200, { end: "interrupted", aliveAtEnd: ["python3"] }),
      machine(2, 9_000, 13_900, { end: "lost", aliveAtEnd: ["python3"] }),
      machine(3, 14_900, 23_600, { end: "interrupted", aliveAtEnd: ["python3"] }),
      machine(4, 24_300, 39_400),
    ],
    [
      attempt({
        number: 1,
        fromMs: 320,
        workFromMs: 330,
        toMs: 8_200,
        end: DIED,
        shares: [0, 0.53],
        lostMs: 7_870,
      }),
      attempt({
        number: 2,
        fromMs: 9_020,
        workFromMs: 9_030,
        toMs: 13_900,
        end: DIED,
        shares: [0, 0.33],
        lostMs: 4_870,
      }),
      attempt({
        number: 3,
        fromMs: 14_920,
        workFromMs: 14_930,
        toMs: 23_600,
        end: DIED,
        shares: [0, 0.58],
        lostMs: 8_670,
      }),
      attempt({
        number: 4,
        fromMs: 24_320,
        workFromMs: 24_330,
        toMs: 39_300,
        end: COMPLETED,
        shares: [0, 1],
      }),
    ],
    {
      id: "compare",
      title: "as written",
      command: "python3 examples/breaks/count.py",
      supervised: false,
      finishedMs: 39_000,
      outputs: [{ path: "out/result.json", result: "same", durable: false }],
      leftBehind: [
        { path: "out/result.json", where: "scratch", bytes: 812, machine: 4, afterCompletion: true },
      ],
    },
  );
  const verdict: Verdict = {
    spotProof: true,
    jobs: [
      judged(supervised, 4, {
        summary:
          "The job was interrupted 4 times, went on from its last save each time, and finished with the same result; 0.9 s of work were done twice.",
        findings: [
          {
            id: "D08",
            severity: "warns",
            title: "An end without notice costs what was done since the last save",
            detail:
              "Interruption 2 came without notice at 13.9 s; 0.9 s of work (113 steps) after checkpoint 000002-000002 were done again.",
            remedy: "If that is too much, save more often: --every 30s.",
          },
        ],
      }),
      judged(naive, 4, {
        spotProof: false,
        summary:
          "The job began again from nothing 3 times, and its result lay on a disk that went away with the machine.",
        findings: [
          {
            id: "L01",
            severity: "fails",
            title: "The result was only on the machine's own disk",
            detail:
              "out/result.json (812 bytes) was on the scratch disk of machine 4 when it was given back, and nobody had saved it.",
            remedy:
              "Write results to the checkpoint folder or to a store, or run the command under spotproof run --checkpoint out.",
          },
          {
            id: "K14",
            severity: "fails",
            title: "It began again from nothing",
            detail:
              "Attempts 2, 3 and 4 began at step 0, though 1,060, 660 and 1,160 steps had been done: 21.4 s of work were lost.",
            remedy: "Save the state now and then, and read it back at the start: spotproof run does both.",
          },
        ],
      }),
    ],
  };
  return { record: record("typical", TYPICAL, [supervised, naive]), verdict };
}

/** The first machine stands still, its successor starts, it wakes up and finds itself fenced out. */
export function zombieScene(): Scene {
  const interruptions: readonly InterruptionHappening[] = [
    {
      number: 1,
      trigger: "at 40 % of the job's progress",
      pausedMs: 6_000,
      wokeMs: 13_500,
      endMs: 15_500,
      what: "zombie",
    },
  ];
  const zombie = job(
    [
      machine(1, 200, 15_500, { end: "lost", pauses: [{ fromMs: 6_000, toMs: 13_500 }], aliveAtEnd: [] }),
      machine(2, 7_000, 18_400),
    ],
    [
      attempt({
        number: 1,
        fromMs: 250,
        toMs: 14_100,
        end: { kind: "fenced-out", reason: "attempt 2 had claimed the job" },
        shares: [0, 0.44],
        lostMs: 1_500,
        savesAt: [1_700, 3_300, 5_100],
      }),
      attempt({
        number: 2,
        fromMs: 8_200,
        workFromMs: 8_500,
        toMs: 18_300,
        end: COMPLETED,
        shares: [0.36, 1],
        savesAt: [10_000, 11_500, 13_000, 14_500, 16_000, 18_250],
        resumedFrom: "000001-000003",
      }),
    ],
    { finishedMs: 18_050, outputs: [{ path: "out/result.json", result: "same", durable: true }] },
  );
  const verdict: Verdict = {
    spotProof: true,
    jobs: [
      judged(zombie, 1, {
        summary:
          "Machine 1 stood still for 7.5 s and woke up while its successor worked: it was fenced out, and the result is the same.",
      }),
    ],
  };
  return { record: record("zombie", interruptions, [zombie]), verdict };
}
