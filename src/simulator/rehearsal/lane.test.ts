import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import type { Fleet, Machine, MachineRemains, ProgramEnd } from "../fleet/index.ts";
import type { MachineMetadata } from "../metadata-mock/index.ts";
import type { Plan } from "../scenario/plan.ts";
import { deferred } from "./deferred.ts";
import { Lane } from "./lane.ts";
import type { LaneMachine } from "./lane-machine.ts";
import { RehearsalTime } from "./rehearsal-time.ts";
import { type RehearsedCommand, USUAL_DURATIONS } from "./rehearsed-command.ts";

const REMAINS: MachineRemains = { aliveAtEnd: [], files: [], moreFiles: 0 };
const KILLED: ProgramEnd = { status: null, signal: "SIGKILL" };

/** A machine of which the test decides how its program ends. */
class TestMachine {
  readonly name: string;
  readonly program = deferred<ProgramEnd>();
  /** The log file that the program was told to write. */
  logFile: string | undefined;
  isEnded = false;
  isMetadataClosed = false;

  constructor(name: string) {
    this.name = name;
  }

  start(words: readonly string[]) {
    this.logFile = words[words.indexOf("--log-file") + 1];
    return { ended: this.program.promise, signal: () => Promise.resolve(true) };
  }

  processes() {
    return [];
  }

  end() {
    this.isEnded = true;
    this.program.resolve(KILLED);
    return Promise.resolve(REMAINS);
  }

  /** Its log says that it worked as this attempt, and then more. */
  async says(attempt: number, ...events: readonly object[]): Promise<void> {
    const time = new Date(systemClock.wallTime()).toISOString();
    const lines = [{ event: "command-started" }, ...events].map((event) =>
      JSON.stringify({ time, attempt, ...event }),
    );
    await writeFile(this.logFile ?? "", `${lines.join("\n")}\n`);
  }
}

let folder: string;
let machines: TestMachine[];
let collectedFrom: number[];
/** Renting waits for what it gives. */
let ready: () => Promise<unknown>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lane-"));
  machines = [];
  collectedFrom = [];
  ready = () => Promise.resolve();
});

afterEach(() => rm(folder, { recursive: true }));

const until = async (isSo: () => boolean): Promise<void> => {
  for (let round = 0; !isSo(); round += 1) {
    if (round > 500) throw new Error("it never came to that");
    await systemClock.sleep(10);
  }
};

/** The n-th machine, once its program runs. */
async function running(index: number): Promise<TestMachine> {
  await until(() => machines[index]?.logFile !== undefined);
  return machines[index] as TestMachine;
}

function openLane({ count = 1, most = 5, supervised = true } = {}): Lane {
  const command: RehearsedCommand = {
    id: "job",
    title: "with Spotproof",
    words: ["true"],
    shown: "true",
    supervision: supervised
      ? { checkpointFolder: undefined, durations: USUAL_DURATIONS, otherOptions: [] }
      : undefined,
  };
  const plan = {
    machines: count,
    zones: ["a"],
    limits: { machines: most, timeMs: 60_000 },
    metadata: { tokens: "optional", clockAheadMs: 0, faults: [] },
  } as unknown as Plan;
  const fleet: Fleet = {
    isolation: "folders",
    notes: [],
    rent: async ({ name }) => {
      await ready();
      return machines.find((machine) => machine.name === name) as unknown as Machine;
    },
    close: () => Promise.resolve(),
  };
  return new Lane({
    command,
    plan,
    fleet,
    time: new RehearsalTime(systemClock),
    speed: 1,
    shared: [],
    folder,
    spotproof: ["spotproof"],
    name: "job",
    startMetadata: (name) => {
      const machine = new TestMachine(name);
      machines.push(machine);
      const close = (): Promise<void> => {
        machine.isMetadataClosed = true;
        return Promise.resolve();
      };
      return Promise.resolve({ environment: {}, close } as unknown as MachineMetadata);
    },
    onResumed: () => undefined,
    onCompleted: async (machine: LaneMachine) => {
      await systemClock.sleep(50);
      collectedFrom.push(machine.number);
    },
    tell: () => undefined,
  });
}

test("a machine that comes when its job is over is given back, and its metadata service is closed", async () => {
  const copied = deferred();
  ready = () => copied.promise;
  const lane = openLane();
  lane.start();
  await until(() => machines.length === 1);
  const closed = lane.close();
  copied.resolve();
  await closed;
  expect(machines[0]).toMatchObject({ isEnded: true, isMetadataClosed: true, logFile: undefined });
  expect(lane.machines).toEqual([]);
});

test("the metadata service of a machine that could not be had is closed", async () => {
  ready = () => Promise.reject(new Error("no room"));
  const lane = openLane();
  lane.start();
  await lane.over;
  await expect(lane.close()).rejects.toThrow("no room");
  expect(machines[0]?.isMetadataClosed).toBe(true);
});

test("a lane that is closed has heard the last words of every attempt, also of one whose place another machine has", async () => {
  const lane = openLane();
  lane.start();
  const first = await running(0);
  await first.says(1);
  await until(() => lane.attempts.length === 1);
  lane.machines[0]?.supersede();
  const second = await running(1);
  await second.says(2);
  await until(() => lane.attempts.length === 2);
  second.program.resolve({ status: 0, signal: null });
  await lane.over;
  await lane.close();
  expect(lane.attempts.map(({ end }) => end?.kind)).toEqual(["died", "completed"]);
});

test("a job is completed once, by the machine that did the work, though one that stood by is the first to say so", async () => {
  const lane = openLane({ count: 2 });
  lane.start();
  const [worker, standby] = [await running(0), await running(1)];
  await worker.says(1);
  await until(() => lane.attempts.length === 1);
  standby.program.resolve({ status: 0, signal: null });
  await worker.says(1, { event: "attempt-ended", outcome: { kind: "completed", reason: "done" } });
  worker.program.resolve({ status: 0, signal: null });
  await lane.over;
  await lane.close();
  expect(collectedFrom).toEqual([lane.completedBy?.machine]);
  expect(lane.completedBy?.number).toBe(1);
});

test("a machine is not taken away while the outputs of a job that is done are looked at", async () => {
  const lane = openLane();
  lane.start();
  const machine = await running(0);
  await machine.says(1);
  await until(() => lane.attempts.length === 1);
  machine.program.resolve({ status: 0, signal: null });
  await until(() => lane.finishedMs !== undefined);
  const taken = lane.machines[0]?.end("interrupted");
  expect(machine.isEnded).toBe(false);
  await lane.over;
  await taken;
  await lane.close();
  expect([collectedFrom, lane.machines[0]?.life().end]).toEqual([[1], "released"]);
});

test("a job is not given up because there is no machine left to stand by", async () => {
  const lane = openLane({ count: 2, most: 2 });
  lane.start();
  const [worker] = [await running(0), await running(1)];
  await worker.says(1);
  await until(() => lane.attempts.length === 1);
  await lane.machines[1]?.end("lost");
  await systemClock.sleep(20);
  expect(lane.isOver).toBe(false);
  await lane.machines[0]?.end("lost");
  await lane.over;
  await lane.close();
  expect(lane.gaveUp).toBe("not done after 2 machines");
});
