import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import type { PlannedInterruption } from "../scenario/plan.ts";
import { interrupt } from "./interruptions.ts";
import type { Lane } from "./lane.ts";
import type { LaneMachine } from "./lane-machine.ts";
import { RehearsalTime } from "./rehearsal-time.ts";

const TAKEN_AWAY: PlannedInterruption = {
  number: 1,
  at: { kind: "elapsed", ms: 0 },
  duringWrite: false,
  notice: undefined,
  end: { kind: "machine" },
  capacityDelayMs: 0,
  flaps: [],
  faults: [],
};

function stage() {
  const ends: string[] = [];
  const machine = {
    isPaused: false,
    disturb: () => undefined,
    end: (kind: string) => {
      ends.push(kind);
      return Promise.resolve();
    },
  } as unknown as LaneMachine;
  const present: LaneMachine[] = [];
  const lane = {
    isOver: false,
    finishedMs: undefined as number | undefined,
    active: () => undefined,
    present: () => present,
  };
  const time = new RehearsalTime(systemClock);
  const { signal } = new AbortController();
  const lanes = [lane as unknown as Lane];
  const happened = interrupt({ lanes, time, speed: 1, signal, tell: () => undefined }, TAKEN_AWAY, "at once");
  return { ends, machine, present, lane, happened };
}

test("an interruption that comes before there is a machine takes the next one, as soon as it is there", async () => {
  const { ends, machine, present, happened } = stage();
  await systemClock.sleep(30);
  expect(ends).toEqual([]);
  present.push(machine);
  expect((await happened).skipped).toBeUndefined();
  expect(ends).toEqual(["lost"]);
});

test("an interruption that finds the job done never came", async () => {
  const { ends, machine, present, lane, happened } = stage();
  lane.finishedMs = 5;
  present.push(machine);
  expect(await happened).toMatchObject({ skipped: true });
  expect(ends).toEqual([]);
});
