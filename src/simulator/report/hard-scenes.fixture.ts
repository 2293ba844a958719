import type { InterruptionHappening, JobAttempt, MachineLife } from "../rehearsal/record.ts";
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

/** Found out in many ways, and never finished. */
export function failingScene(): Scene {
  const interruptions: readonly InterruptionHappening[] = [
    {
      number: 1,
      trigger: "after 3.0 s of work",
      noticeMs: 3_300,
      action: "terminate",
      leadMs: 3_000,
      endMs: 6_300,
      what: "notice 120 s",
    },
    {
      number: 2,
      trigger: "after 6.0 s of work",
      noticeMs: 10_100,
      action: "terminate",
      leadMs: 750,
      endMs: 10_850,
      what: "notice 30 s",
    },
    { number: 3, trigger: "after 9.0 s of work", endMs: 15_200, what: "no notice" },
  ];
  const failing = job(
    [
      machine(1, 100, 6_300, { end: "interrupted", aliveAtEnd: ["sh -c ./my-job.sh", "worker --daemon"] }),
      machine(2, 7_200, 10_850, { end: "interrupted", aliveAtEnd: ["worker --daemon"] }),
      machine(3, 11_700, 15_200, { end: "lost", aliveAtEnd: ["sh -c ./my-job.sh"] }),
      machine(4, 16_900, 20_100),
    ],
    [
      attempt({
        number: 1,
        fromMs: 150,
        toMs: 6_000,
        end: INTERRUPTED,
        savesAt: [2_100, 4_200],
        lostMs: 1_800,
        heardMs: 3_340,
        killed: ["sh -c ./my-job.sh", "worker --daemon"],
        leftRunning: ["worker --daemon"],
        restarts: 1,
      }),
      attempt({
        number: 2,
        fromMs: 7_300,
        toMs: 10_850,
        end: DIED,
        savesAt: [9_300],
        lostMs: 1_550,
        resumedFrom: "000001-000002",
        heardMs: 10_140,
      }),
      attempt({
        number: 3,
        fromMs: 11_800,
        toMs: 15_200,
        end: DIED,
        savesAt: [13_800],
        lostMs: 1_400,
        resumedFrom: "000002-000001",
        skippedCheckpoints: ["000002-000002: a pack is damaged"],
      }),
      attempt({
        number: 4,
        fromMs: 17_000,
        toMs: 20_000,
        end: { kind: "failed", status: 1, signal: null, reason: "the command ended with status 1" },
        lostMs: 2_800,
        resumedFrom: "000003-000001",
      }),
    ],
    {
      command: "./my-job.sh",
      gaveUp: "the command failed with status 1",
      outputs: [{ path: "/tmp/result.csv", result: "missing", durable: false }],
      leftBehind: [
        { path: "/tmp/result.csv", where: "tmp", bytes: 48_112, machine: 1, afterCompletion: false },
        { path: "/tmp/result.csv", where: "tmp", bytes: 51_904, machine: 2, afterCompletion: false },
        ...Array.from({ length: 14 }, (_, index) => ({
          path: `work/part-${String(index).padStart(4, "0")}.parquet`,
          where: "scratch" as const,
          bytes: 1_048_576,
          machine: 3,
          afterCompletion: false,
        })),
      ],
      halfWritten: [
        {
          path: "state.json",
          checkpoint: "000003-000001",
          atMs: 13_760,
          bytes: 4_096,
          wholeBytes: 18_220,
          restored: true,
        },
      ],
      lastWords: [
        "loading state.json",
        "Traceback (most recent call last):",
        '  File "job.py", line 41, in <module>',
        "json.decoder.JSONDecodeError: Unterminated string starting at: line 1 column 4091 (char 4090)",
      ],
    },
  );
  const verdict: Verdict = {
    spotProof: false,
    jobs: [
      judged(failing, 3, {
        spotProof: false,
        totals: { shortestLeadMs: 750 },
        summary:
          "The job never finished: after interruption 3 it was restored from a half-written file and failed.",
        findings: [
          {
            id: "C01",
            severity: "fails",
            title: "A half-written file was saved, and restored",
            detail:
              "state.json was open for writing when checkpoint 000003-000001 was made at 13.8 s (4,096 of 18,220 bytes); attempt 4 was restored from it and failed with status 1.",
            remedy: "Write to a temporary name in the same folder, sync it, and rename it over the old file.",
          },
          {
            id: "L01",
            severity: "fails",
            title: "The result was only in /tmp",
            detail:
              "/tmp/result.csv (51,904 bytes) went away with machines 1 and 2, and nobody had saved it.",
            remedy: "Write it to the checkpoint folder: $SPOTPROOF_CHECKPOINT.",
          },
          {
            id: "S08",
            severity: "fails",
            title: "The command ignored SIGTERM",
            detail:
              "sh -c ./my-job.sh was asked to end 2.1 s before the deadline of interruption 1 and had to be killed.",
            remedy: "Let a shell pass signals on: begin its last line with exec, or trap TERM.",
          },
          {
            id: "S02",
            severity: "warns",
            title: "A daemon was left behind",
            detail: "worker --daemon was still alive when machines 1 and 2 ended.",
            remedy: "End it when the command ends.",
          },
          {
            id: "L05",
            severity: "allowed",
            title: "A cache was left behind",
            detail: "work/ held 14 files (14.0 MiB) that nobody had saved.",
            remedy: "It was allowed with --allow L05.",
          },
        ],
      }),
    ],
  };
  return {
    record: record("harsh", interruptions, [failing], {
      pacedBy: "time",
      storeFaults: [{ kind: "503", fromMs: 4_600, toMs: 5_900 }],
      computer: { platform: "darwin arm64", cores: 10, node: "22.1.0", isolation: "folders" },
    }),
    verdict,
  };
}

/** So many machines, each with a short life; some follow at once, some after a famine. */
export function manyMachinesScene(count: number): Scene {
  const machines: MachineLife[] = [];
  const attempts: JobAttempt[] = [];
  const interruptions: InterruptionHappening[] = [];
  let atMs = 200;
  for (let number = 1; number <= count; number += 1) {
    const last = number === count;
    const lifeMs = 1_100 + ((number * 733) % 1_900);
    const noticed = number % 3 !== 0;
    const toMs = atMs + lifeMs;
    machines.push(machine(number, atMs, toMs, { end: last ? "released" : noticed ? "interrupted" : "lost" }));
    const shares = [(number - 1) / count, number / count] as const;
    attempts.push(
      attempt({
        number,
        fromMs: atMs + 40,
        toMs: toMs - 60,
        end: last ? COMPLETED : noticed ? INTERRUPTED : DIED,
        shares,
        lostMs: noticed || last ? 0 : 350,
        savesAt: [atMs + lifeMs / 2, toMs - 100],
        ...(number === 1 ? {} : { resumedFrom: `${String(number - 1).padStart(6, "0")}-000002` }),
        ...(noticed && !last ? { heardMs: toMs - 700 } : {}),
      }),
    );
    if (!last) {
      interruptions.push({
        number,
        trigger: `at ${Math.round((100 * number) / count)} % of the job's progress`,
        ...(noticed ? { noticeMs: toMs - 750, leadMs: 750, action: "terminate" } : {}),
        endMs: toMs,
        what: noticed ? "notice 30 s" : "no notice",
      });
    }
    atMs = toMs + (number % 11 === 0 ? 6_000 : 250);
  }
  const flapping = job(machines, attempts, { finishedMs: (machines.at(-1)?.toMs ?? 0) - 300 });
  return {
    record: record("famine", interruptions, [flapping]),
    verdict: {
      spotProof: true,
      jobs: [
        judged(flapping, interruptions.length, { summary: `The job needed ${count} machines and finished.` }),
      ],
    },
  };
}
