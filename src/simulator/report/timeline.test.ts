import { expect, test } from "vitest";
import { manySavesScene, nothingScene, standbyScene, tinyScene } from "./odd-scenes.fixture.ts";
import { attempt, job, machine, record } from "./pieces.fixture.ts";
import { failingScene, manyMachinesScene } from "./hard-scenes.fixture.ts";
import { typicalScene, zombieScene } from "./scenes.fixture.ts";
import { type MachineTrack, timelineOf } from "./timeline.ts";

const tracksOf = (scene: Parameters<typeof timelineOf>[0], index = 0): readonly MachineTrack[] =>
  timelineOf(scene).jobs[index]?.lanes.flatMap((lane) => lane.tracks) ?? [];
const drawn = (track: MachineTrack | undefined): readonly string[] =>
  (track?.spans ?? []).map(({ kind, fromMs, toMs }) => `${kind} ${fromMs}-${toMs}`);

test("a machine waits, starts, works, and loses what was not saved", () => {
  expect(drawn(tracksOf(typicalScene().record)[1])).toEqual([
    "waiting 8200-9000",
    "idle 9000-9100",
    "start 9100-9500",
    "work 9500-13000",
    "lost 13000-13900",
  ]);
});

test("K01: a zombie's loss is what it worked after its last save, not the time in which it stood still", () => {
  expect(drawn(tracksOf(zombieScene().record)[0])).toEqual([
    "idle 200-250",
    "start 250-450",
    "work 450-5100",
    "lost 5100-6000",
    "still 6000-13500",
    "lost 13500-14100",
    "idle 14100-15500",
  ]);
});

test("a machine that starts while another is there has waited for nothing", () => {
  const kinds = tracksOf(standbyScene().record).map((track) => track.spans[0]?.kind);
  expect(kinds).toEqual(["idle", "idle", "idle", "waiting", "idle"]);
});

test("an attempt that is said to have outlived its machine is drawn to the machine's end", () => {
  const late = job(
    [machine(1, 0, 1_000, { end: "lost" })],
    [
      attempt({
        number: 1,
        fromMs: 0,
        workFromMs: 100,
        toMs: 4_000,
        end: { kind: "died", reason: "" },
        lostMs: 9_000,
      }),
    ],
  );
  expect(drawn(tracksOf(record("late", [], [late]))[0])).toEqual(["start 0-100", "lost 100-1000"]);
});

test("an attempt whose command never began to work has only started", () => {
  const { workFromMs: _, ...never } = attempt({
    number: 1,
    fromMs: 100,
    toMs: 900,
    end: { kind: "unfinished", reason: "" },
  });
  expect(drawn(tracksOf(record("never", [], [job([machine(1, 0, 1_000)], [never])]))[0])).toEqual([
    "idle 0-100",
    "start 100-900",
    "idle 900-1000",
  ]);
});

test("ten machines have a line each; more share lines unless they were there together", () => {
  expect(timelineOf(manyMachinesScene(10).record).jobs[0]?.lanes).toHaveLength(10);
  const [only, ...others] = timelineOf(manyMachinesScene(40).record).jobs[0]?.lanes ?? [];
  expect(only?.tracks).toHaveLength(40);
  expect(others).toEqual([]);
  const overlapping = job(
    Array.from({ length: 12 }, (_, index) => machine(index + 1, index * 100, index * 100 + 150)),
    [],
  );
  expect(
    timelineOf(record("overlap", [], [overlapping])).jobs[0]?.lanes.map((lane) => lane.tracks.length),
  ).toEqual([6, 6]);
});

test("interruptions that never came are not drawn, and those that ended nothing are told apart", () => {
  const bands = timelineOf(typicalScene().record).bands;
  expect(bands.map((band) => [band.interruption.number, band.fromMs, band.toMs, band.harmless])).toEqual([
    [1, 4_700, 8_200, false],
    [2, 13_900, 13_900, false],
    [3, 17_400, 18_600, true],
    [4, 20_600, 23_600, false],
  ]);
});

test("the time goes from the first machine to the last, whatever came before", () => {
  const late = job([machine(1, 60_000, 70_000)], []);
  expect(timelineOf(record("late", [], [late]))).toMatchObject({ fromMs: 60_000, toMs: 70_000 });
  expect(timelineOf(typicalScene().record)).toMatchObject({ fromMs: 0, toMs: 39_400 });
});

test("there is always a time to draw, and spans never overlap", () => {
  for (const scene of [
    typicalScene,
    failingScene,
    zombieScene,
    standbyScene,
    manySavesScene,
    tinyScene,
    nothingScene,
  ]) {
    const timeline = timelineOf(scene().record);
    expect(timeline.toMs).toBeGreaterThan(timeline.fromMs);
    for (const track of timeline.jobs.flatMap((one) => one.lanes.flatMap((lane) => lane.tracks))) {
      const ends = track.spans.map((span) => span.toMs);
      expect(track.spans.slice(1).every((span, index) => span.fromMs >= (ends[index] ?? 0))).toBe(true);
    }
  }
});
