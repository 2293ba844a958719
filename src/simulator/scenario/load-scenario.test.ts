import { describe, expect, test } from "vitest";
import { drawPlan } from "./draw-plan.ts";
import { loadScenario } from "./load-scenario.ts";
import { readScenario } from "./read-scenario.ts";

/** A disk with these files. */
const disk =
  (files: Readonly<Record<string, string>>) =>
  (path: string): Promise<string> => {
    const text = files[path];
    return text === undefined
      ? Promise.reject(Object.assign(new Error("no such file"), { code: "ENOENT" }))
      : Promise.resolve(text);
  };

const nothing = disk({});

describe("loadScenario", () => {
  test("a name is that of a built-in scenario, and no file is touched", async () => {
    expect((await loadScenario("harsh", nothing)).name).toBe("harsh");
  });

  test("an unknown name is answered with those that exist, and the one that was meant", async () => {
    await expect(loadScenario("typcal", nothing)).rejects.toThrow(
      'There is no scenario "typcal". Did you mean typical? Built in are gentle, typical, harsh, no-notice, zombie, famine, blind;',
    );
    await expect(loadScenario("weather", nothing)).rejects.not.toThrow("Did you mean");
  });

  test("a file is named by its ending or a slash; its mistakes are told with its name", async () => {
    const readFile = disk({ "my.yml": "name: mine\nrandom: { interruptions: 1 }", "./mine": "nam: x" });
    expect((await loadScenario("my.yml", readFile)).name).toBe("mine");
    await expect(loadScenario("./mine", readFile)).rejects.toThrow("./mine:1:1");
    await expect(loadScenario("other.json", readFile)).rejects.toThrow(
      "The scenario other.json cannot be read: it does not exist.",
    );
  });

  test("a trace is read beside its scenario and replayed", async () => {
    const readFile = disk({
      "drills/mine.yaml": "name: mine\ntrace: { file: capacity.json, lead: 120s }",
      "drills/capacity.json": '{"gap_seconds": 600, "data": [0, 1, 1, 1, 0, 0, 1, 2, 0]}',
    });
    const plan = drawPlan(await loadScenario("drills/mine.yaml", readFile));
    expect(plan.interruptions).toMatchObject([
      {
        number: 1,
        at: { kind: "elapsed", ms: 1_680_000 },
        notice: { leadMs: 120_000 },
        capacityDelayMs: 1_200_000,
      },
      {
        number: 2,
        at: { kind: "elapsed", ms: 4_080_000 },
        notice: { leadMs: 120_000 },
        capacityDelayMs: 600_000,
      },
    ]);
  });

  test("a trace that is missing or none is told by its path; one that was not read is told too", async () => {
    const text = "name: mine\ntrace: { file: ../capacity.json }";
    const readFile = disk({ "drills/mine.yaml": text, "bad/mine.yaml": text, "capacity.json": "[]" });
    await expect(loadScenario("drills/mine.yaml", disk({ "drills/mine.yaml": text }))).rejects.toThrow(
      "The trace capacity.json cannot be read",
    );
    await expect(loadScenario("bad/mine.yaml", readFile)).rejects.toThrow("capacity.json is no trace");
    expect(() => drawPlan(readScenario(text, "mine.yaml"))).toThrow("was not read with its scenario");
  });
});
