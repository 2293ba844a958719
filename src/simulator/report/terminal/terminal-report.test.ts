import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { SpotproofError } from "../../../base/index.ts";
import { cellWidth } from "../display-text.ts";
import {
  calmScene,
  hostileScene,
  manySavesScene,
  nothingScene,
  standbyScene,
  tinyScene,
} from "../odd-scenes.fixture.ts";
import { failingScene, manyMachinesScene } from "../hard-scenes.fixture.ts";
import { type Scene } from "../pieces.fixture.ts";
import { typicalScene, zombieScene } from "../scenes.fixture.ts";
import { terminalReport } from "./terminal-report.ts";

const SCENES: Readonly<Record<string, () => Scene>> = {
  typical: typicalScene,
  failing: failingScene,
  zombie: zombieScene,
  "40 machines": () => manyMachinesScene(40),
  calm: calmScene,
  standby: standbyScene,
  hostile: hostileScene,
  "10,000 saves": manySavesScene,
  tiny: tinyScene,
  nothing: nothingScene,
};

function report(scene: () => Scene, columns: number, look = {}): string {
  const { record, verdict } = scene();
  return terminalReport(record, verdict, { columns, colour: false, ...look });
}

test("the first words are the verdict, and a sentence that says why", () => {
  expect(report(typicalScene, 200)).toMatch(
    /^SPOT-PROOF {2}The job was interrupted 4 times, .* done twice\.\n/,
  );
  expect(report(failingScene, 200)).toMatch(/^NOT SPOT-PROOF {2}The job never finished: /);
});

test("the timeline: one line a machine, under the time and the numbers of the interruptions", () => {
  const lines = report(typicalScene, 80).split("\n");
  const from = lines.findIndex((line) => line.includes("┬"));
  expect(lines.slice(from - 1, from + 15)).toMatchInlineSnapshot(`
    [
      "               0               10 s            20 s            30 s",
      "               ┬───────────────┬───────────────┬───────────────┬───────────────",
      "                            1        2       3       4",
      "",
      "with Spotproof",
      "machine 1      ╺━━◆━━━◆▼━━━◆┃",
      "machine 2                   ╌╌━━◆━━━╳┃",
      "machine 3                            ╌╌·╺━━◆━━◆━▼━━━◆┃",
      "machine 4                                            ╌╌━━◆━✓·",
      "",
      "as written",
      "machine 1      ╳╳╳╳╳╳╳╳╳╳╳╳╳┃",
      "machine 2                   ╌╌╳╳╳╳╳╳╳┃",
      "machine 3                            ╌╌╳╳╳╳╳╳╳╳╳╳╳╳╳╳┃",
      "machine 4                                            ╌━━━━━━━━━━━━━━━━━━━━━━━━✓",
      "",
    ]
  `);
});

test("without UTF-8 the whole report is ASCII", () => {
  for (const scene of Object.values(SCENES))
    expect(report(scene, 80, { ascii: true })).toMatch(/^[\n\x20-\x7e]*$/);
});

test.each(Object.entries(SCENES))(
  "%s: no line is longer than the terminal, but for paths and the command",
  (_, scene) => {
    for (const columns of [60, 80, 120, 200]) {
      for (const look of [{}, { ascii: true }, { colour: true }]) {
        const { record } = scene();
        const whole = new Set(
          record.jobs.flatMap((job) => job.leftBehind.map((file) => file.path.slice(0, 4))),
        );
        const long = stripVTControlCharacters(report(scene, columns, look))
          .split("\n")
          .filter((line) => cellWidth(line) > columns)
          .filter((line) => !line.startsWith("  npx spotproof rehearse") && !whole.has(line.slice(2, 6)));
        expect(long).toEqual([]);
      }
    }
  },
);

test("colours are decoration: without them the same words stand there", () => {
  for (const scene of Object.values(SCENES)) {
    expect(stripVTControlCharacters(report(scene, 80, { colour: true }))).toBe(report(scene, 80));
  }
});

test("what a record holds cannot reach the terminal as a control", () => {
  expect(report(hostileScene, 80)).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
});

test("lost work is seen even where it is shorter than a cell", () => {
  expect(report(typicalScene, 60)).toMatch(/machine 2|mach\. 2 .*╳/);
});

test("the longest save is held against the shortest lead", () => {
  expect(report(typicalScene, 200)).toContain("0.3 s of the 3.0 s of the shortest notice");
});

test("L01: files that went away are named, the first ones, and how many more there were", () => {
  const text = report(failingScene, 80);
  expect(text).toContain("/tmp/result.csv  (machine 1)");
  expect(text).toContain("and 8 more");
});

test("the command that repeats it has the seed, and quotes what a shell would take apart", () => {
  expect(report(typicalScene, 80)).toContain(
    "npx spotproof rehearse --scenario typical --seed 7 --speed 40x --expect-same out/result.json --compare 'python3 examples/breaks/count.py' -- python3 examples/survives/count.py",
  );
});

test("it says what was not real: the speed, and on which computer", () => {
  const text = report(typicalScene, 300);
  expect(text).toContain("Deadlines and intervals ran 40 times faster; the command's own work did not.");
  expect(report(calmScene, 300)).toContain("Nothing was shortened");
  expect(report(failingScene, 300)).toContain("/tmp itself was shared");
});

test("a verdict of another record is refused", () => {
  const { record } = typicalScene();
  const { verdict } = calmScene();
  expect(() => terminalReport(record, verdict, { columns: 80, colour: false })).toThrow(SpotproofError);
});
