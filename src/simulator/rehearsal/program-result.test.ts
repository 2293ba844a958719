import { expect, test } from "vitest";
import type { ProgramEnd } from "../fleet/index.ts";
import { AttemptDraft } from "./attempt-draft.ts";
import type { LaneMachine } from "./lane-machine.ts";
import { judgeProgram } from "./program-result.ts";

const exited = (status: number): ProgramEnd => ({ status, signal: null });
const KILLED: ProgramEnd = { status: null, signal: "SIGKILL" };
const STAYS = { isEnding: false, isLeaving: false };
const NOTICED = { isEnding: false, isLeaving: true };
const GONE = { isEnding: true, isLeaving: true };

test.each([
  ["status 0 is done", true, exited(0), STAYS, "completed", "completed"],
  ["75 wants to be started again", true, exited(75), NOTICED, "again", "interrupted"],
  ["76 has been replaced", true, exited(76), STAYS, "not-needed", "fenced-out"],
  ["72 stood by while the job ended elsewhere", true, exited(72), STAYS, "not-needed", "interrupted"],
  ["73 found the job running elsewhere", true, exited(73), STAYS, "running-elsewhere", "interrupted"],
  ["69 had a store in trouble", true, exited(69), STAYS, "again", "interrupted"],
  ["74 had a disk in trouble", true, exited(74), STAYS, "again", "interrupted"],
  ["another status is the job's own failure", true, exited(3), STAYS, "failed", "failed"],
  [
    "even in its last minutes, for Spotproof would have said 75",
    true,
    exited(3),
    NOTICED,
    "failed",
    "failed",
  ],
  ["as written: a failure", false, exited(3), STAYS, "failed", "failed"],
  ["as written: who leaves on a notice is started again", false, exited(3), NOTICED, "again", "interrupted"],
  ["the machine was taken away", true, KILLED, GONE, "again", "died"],
  ["the machine was taken away, as written", false, KILLED, GONE, "again", "died"],
])("%s", (_what, supervised, end, machine, result, kind) => {
  const attempt = new AttemptDraft(1, 1, 0, () => []);
  const given = judgeProgram({ end, attempt, machine: machine as LaneMachine, supervised, atMs: 50 });
  expect(given.kind).toBe(result);
  expect(attempt.end?.kind).toBe(kind);
  expect([attempt.workToMs, attempt.toMs]).toEqual([50, 50]);
});

test.each(["interrupted", "completed", "fenced-out"])(
  "an attempt that had recorded its end (%s) before its machine went has left in order",
  (kind) => {
    const attempt = new AttemptDraft(1, 1, 0, () => []);
    attempt.outcome = { kind, reason: "for a reason", exitStatus: undefined, exitSignal: undefined };
    judgeProgram({ end: KILLED, attempt, machine: GONE as LaneMachine, supervised: true, atMs: 50 });
    expect(attempt.end).toMatchObject({ kind, reason: "for a reason" });
  },
);
