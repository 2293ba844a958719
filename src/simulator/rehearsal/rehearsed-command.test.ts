import { describe, expect, test } from "vitest";
import { USUAL_DURATIONS, scaledDurations, supervisedWords } from "./rehearsed-command.ts";

const at = (speed: number, durations = USUAL_DURATIONS): Readonly<Record<string, number>> =>
  Object.fromEntries(scaledDurations(durations, speed));

describe("durations of a supervised command", () => {
  test("are divided by the speed, but never become too short for this computer", () => {
    expect(at(1)).toEqual({
      every: 60_000,
      heartbeat: 10_000,
      lease: 30_000,
      stopGrace: 30_000,
      metadataPoll: 2000,
      linger: 5000,
      retryWait: 1000,
    });
    expect(at(40)).toMatchObject({ every: 1500, lease: 1000, stopGrace: 1000, metadataPoll: 100 });
  });

  test("that are shorter than the shortest anyway stay as they are", () => {
    expect(at(40, { ...USUAL_DURATIONS, every: 200, signalGrace: 500 })).toMatchObject({
      every: 200,
      signalGrace: 500,
    });
  });

  test("leave a lease of at least two heartbeats", () => {
    for (const speed of [1, 3, 7, 20, 40, 1000]) {
      const { lease = 0, heartbeat = 0 } = at(speed);
      expect(lease).toBeGreaterThanOrEqual(2 * heartbeat);
    }
  });
});

test("the command is handed to spotproof run behind two dashes, with what the rehearsal decides and what the user did", () => {
  const words = supervisedWords({
    spotproof: ["node", "main.js"],
    command: ["python3", "train.py", "--store", "mine"],
    supervision: {
      checkpointFolder: "ckpt",
      durations: USUAL_DURATIONS,
      otherOptions: ["--stop-signal", "SIGINT"],
    },
    store: "/w/store",
    logFile: "/w/log",
    speed: 10,
  });
  expect(words.slice(0, 11)).toEqual([
    "node",
    "main.js",
    "run",
    "--job",
    "rehearsed",
    "--store",
    "/w/store",
    "--log-file",
    "/w/log",
    "--checkpoint",
    "ckpt",
  ]);
  expect(words.slice(words.indexOf("--stop-signal"))).toEqual([
    "--stop-signal",
    "SIGINT",
    "--",
    "python3",
    "train.py",
    "--store",
    "mine",
  ]);
  expect(words[words.indexOf("--every") + 1]).toBe("6000ms");
});
