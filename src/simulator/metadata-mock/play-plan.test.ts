import { describe, expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import type { Plan, PlannedInterruption } from "../scenario/plan.ts";
import { playPlan } from "./play-plan.ts";
import { startMachineMetadata } from "./start-machine-metadata.ts";

const PLAN: Plan = {
  scenario: "drill",
  description: "",
  seed: 1,
  cloud: "aws",
  machines: 1,
  zones: ["a", "b"],
  metadata: { tokens: "optional", clockAheadMs: 0, faults: [] },
  interruptions: [],
  storeFaults: [],
  limits: { machines: 10, timeMs: 86_400_000 },
};

function interruption(changes: Partial<PlannedInterruption>): PlannedInterruption {
  return {
    number: 1,
    at: { kind: "elapsed", ms: 60_000 },
    duringWrite: false,
    notice: { action: "terminate", leadMs: 120_000, via: "metadata" },
    end: { kind: "machine" },
    capacityDelayMs: 30_000,
    flaps: [],
    faults: [],
    ...changes,
  };
}

/** Plays a plan second by second of real time, and gives what happened, each thing with its second. */
async function played(
  changes: Partial<Plan>,
  options: { readonly speed?: number; readonly lengthMs?: number; readonly abortAtS?: number } = {},
): Promise<readonly string[]> {
  const clock = manualClock();
  const beganMs = clock.now();
  const said: string[] = [];
  const tell = (what: string): void => {
    said.push(`${(clock.now() - beganMs) / 1000}: ${what}`);
  };
  const stop = new AbortController();
  const metadata = await startMachineMetadata({
    cloud: changes.cloud ?? "aws",
    clock,
    name: "before",
    zone: "a",
    onEvent: (event) => tell("what" in event ? event.what : event.kind),
  });
  try {
    const over = new AbortController();
    const { speed = 1, lengthMs = 3_600_000, abortAtS } = options;
    const playing = playPlan({ ...PLAN, ...changes }, metadata, clock, {
      speed,
      lengthMs,
      onEvent: tell,
      signal: stop.signal,
    });
    playing.finally(() => over.abort()).catch(() => "it is awaited below");
    for (let second = 0; !over.signal.aborted && second < 10_000; second += 1) {
      if (second === abortAtS) stop.abort();
      else clock.advance(second === 0 ? 0 : 1000);
      // What follows upon it at the same second.
      for (let turn = 0; turn < 3; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        clock.advance(0);
      }
    }
    await playing;
    expect(clock.pending).toBe(0);
    return said;
  } finally {
    await metadata.close();
  }
}

describe("a plan is played on one endpoint", () => {
  test("notice, end, delay and the next machine, by time", async () => {
    expect(await played({ interruptions: [interruption({})] })).toEqual([
      "0: machine 1 is there, in zone a",
      "60: spot/instance-action: terminate at 2026-01-02T03:07:05Z",
      "180: machine 1 is gone, its successor comes in 30.0 s",
      "210: machine 2 is there, in zone b",
      "210: the scenario is over, machine 2 stays",
    ]);
  });

  test("faster: every time is divided", async () => {
    const said = await played(
      { interruptions: [interruption({ rebalanceBeforeMs: 60_000 })] },
      { speed: 10 },
    );
    expect(said).toEqual([
      "0: machine 1 is there, in zone a",
      "6: events/recommendations/rebalance",
      "12: spot/instance-action: terminate at 2026-01-02T03:04:29Z",
      "24: machine 1 is gone, its successor comes in 3.0 s",
      "27: machine 2 is there, in zone b",
      "27: the scenario is over, machine 2 stays",
    ]);
  });

  test("shares are shares of the length, and only the time of machines counts for them and for work", async () => {
    const plan = {
      interruptions: [
        interruption({ at: { kind: "share", share: 0.5 }, notice: undefined, capacityDelayMs: 600_000 }),
        interruption({ at: { kind: "worked", ms: 80_000 }, notice: undefined }),
        interruption({ at: { kind: "elapsed", ms: 10_000 }, notice: undefined }),
      ],
    };
    expect(await played(plan, { lengthMs: 100_000 })).toEqual([
      "0: machine 1 is there, in zone a",
      "50: machine 1 is gone, its successor comes in 10 min 00 s",
      "650: machine 2 is there, in zone b",
      "680: machine 2 is gone, its successor comes in 30.0 s",
      "710: machine 3 is there, in zone a",
      "710: machine 3 is gone, its successor comes in 30.0 s",
      "740: machine 4 is there, in zone b",
      "740: the scenario is over, machine 4 stays",
    ]);
  });

  test("D12: a notice that is taken back ends nothing; a warning alone neither", async () => {
    const notice = { action: "stop", leadMs: 120_000, via: "both", cancelledAfterMs: 20_000 } as const;
    const plan = {
      interruptions: [
        interruption({ notice }),
        interruption({ at: { kind: "elapsed", ms: 90_000 }, notice: undefined, end: { kind: "none" } }),
      ],
    };
    expect(await played(plan)).toEqual([
      "0: machine 1 is there, in zone a",
      "60: spot/instance-action: stop at 2026-01-02T03:07:05Z",
      "80: spot/instance-action: taken back",
      "90: nothing ends: machine 1 stays",
      "90: the scenario is over, machine 1 stays",
    ]);
  });

  test("capacity that flaps: short lives that end without notice", async () => {
    const said = await played({ interruptions: [interruption({ notice: undefined, flaps: [5000, 7000] })] });
    expect(said.filter((line) => line.includes("is there"))).toHaveLength(4);
    expect(said).toEqual(
      expect.arrayContaining([
        "95: machine 2 is gone without notice, its successor comes in 30.0 s",
        "132: machine 3 is gone without notice, its successor comes in 30.0 s",
      ]),
    );
  });

  test("hibernation: the same machine goes on, and nothing is announced any more", async () => {
    const plan = {
      interruptions: [
        interruption({
          notice: { action: "hibernate", leadMs: 0, via: "metadata" },
          end: { kind: "hibernation", pausedMs: 90_000 },
        }),
        interruption({ at: { kind: "worked", ms: 100_000 }, notice: undefined, end: { kind: "none" } }),
      ],
    };
    expect(await played(plan)).toEqual([
      "0: machine 1 is there, in zone a",
      "60: spot/instance-action: hibernate at 2026-01-02T03:05:05Z",
      "60: machine 1 stands still for 1 min 30 s",
      "150: spot/instance-action: taken back",
      "150: machine 1 goes on",
      "190: nothing ends: machine 1 stays",
      "190: the scenario is over, machine 1 stays",
    ]);
  });

  test("faults of every machine and of one interruption, and a clock that jumps", async () => {
    const plan: Partial<Plan> = {
      metadata: {
        ...PLAN.metadata,
        faults: [{ kind: "status", status: 503, fromMs: 10_000, forMs: 5000 }],
      },
      interruptions: [
        interruption({
          faults: [{ kind: "slow", ms: 2000, fromMs: 0 }],
          clockJumpMs: -3_600_000,
          notice: undefined,
        }),
      ],
    };
    expect(await played(plan)).toEqual([
      "0: machine 1 is there, in zone a",
      "0: fault status 503, from 10.0 s on, for 5.0 s",
      "60: fault slow",
      "60: the service's clock jumps by -1 h 00 min",
      "60: machine 1 is gone, its successor comes in 30.0 s",
      "90: machine 2 is there, in zone b",
      "90: fault status 503, from 10.0 s on, for 5.0 s",
      "90: the scenario is over, machine 2 stays",
    ]);
  });

  test("what cannot be played is said to be", async () => {
    const plan: Partial<Plan> = {
      cloud: "azure",
      storeFaults: [{ kind: "503", at: { kind: "elapsed", ms: 0 }, forMs: 1000, share: 1, delayMs: 0 }],
      interruptions: [
        interruption({
          duringWrite: true,
          rebalanceBeforeMs: 0,
          notice: { action: "terminate", leadMs: 30_000, via: "signal" },
          end: { kind: "zombie", pausedMs: 60_000, awakeMs: 1000 },
        }),
      ],
    };
    const said = (await played(plan)).join("\n");
    for (const words of [
      "trouble with the store",
      "a file is being written",
      "no rebalance",
      "SIGTERM alone",
      "wakes up",
    ])
      expect(said).toContain(words);
  });
});

describe("the end of a play", () => {
  test("after as many machines as the plan allows", async () => {
    const again = [1, 2, 3].map((number) => interruption({ number, notice: undefined }));
    const said = await played({ interruptions: again, limits: { machines: 2, timeMs: 86_400_000 } });
    expect(said.at(-1)).toBe("120: the scenario gives up after 2 machines");
  });

  test("after as long as the plan allows", async () => {
    const said = await played({
      interruptions: [interruption({})],
      limits: { machines: 9, timeMs: 100_000 },
    });
    expect(said.at(-1)).toBe("100: the scenario gives up after 1 min 40 s");
  });

  test("when it is told to end", async () => {
    expect(await played({ interruptions: [interruption({})] }, { abortAtS: 70 })).toHaveLength(2);
  });

  test.each([
    { speed: 0, lengthMs: 1 },
    { speed: Number.NaN, lengthMs: 1 },
    { speed: 1, lengthMs: 0 },
  ])("%j is refused", async (options) => {
    await expect(played({}, options)).rejects.toMatchObject({ code: "bad-usage" });
  });
});
