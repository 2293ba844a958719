import { expect, test } from "vitest";
import { manualClock } from "../../../../test/stages/manual-clock.ts";
import { cellWidth } from "../display-text.ts";
import { type LiveJob, type LiveScreenOptions, createLiveScreen } from "./live-screen.ts";

const WORKING: LiveJob = {
  title: "with Spotproof",
  machine: 2,
  state: { kind: "working" },
  progress: { done: 410, total: 1_000, unit: "steps" },
  workedMs: 4_200,
};

const ESCAPE = "\u001b";
const PARTS = new RegExp(`${ESCAPE}\\[\\d+[A-Z]|\n|\r|[^${ESCAPE}\n\r]+`, "g");
const UP = new RegExp(`^${ESCAPE}\\[(\\d+)A$`);

/** A terminal as far as the screen uses one: lines, the cursor upwards, and clearing to the end. */
function terminal(columns: number) {
  const lines: string[] = [""];
  return {
    lines: () => lines.filter((line) => line !== ""),
    write(text: string) {
      for (const part of text.match(PARTS) ?? []) {
        const up = UP.exec(part);
        if (up !== null) lines.length -= Number(up[1]);
        else if (part === "\u001b[0J") lines[lines.length - 1] = "";
        else if (part === "\n") lines.push("");
        else if (part !== "\r") lines[lines.length - 1] += part;
      }
      expect(lines.every((line) => cellWidth(line) < columns || !line.startsWith("  "))).toBe(true);
    },
  };
}

function stage(isTerminal: boolean, columns = 100, changes: Partial<LiveScreenOptions> = {}) {
  const clock = manualClock();
  const shown = terminal(columns);
  const jobs: LiveJob[] = [WORKING];
  const written: string[] = [];
  const screen = createLiveScreen({
    write: (text) => {
      written.push(text);
      shown.write(text);
    },
    columns: () => columns,
    isTerminal,
    colour: false,
    clock,
    jobs: () => jobs,
    ...changes,
  });
  return { clock, shown, jobs, screen, written };
}

test("on a terminal every job has one line, redrawn in place", () => {
  const { clock, shown, jobs, screen } = stage(true);
  jobs.push({
    title: "as written",
    machine: 0,
    state: { kind: "waiting", untilMs: clock.now() + 1_300 },
    workedMs: 900,
  });
  clock.advance(100);
  expect(shown.lines()).toEqual([
    "  with Spotproof     ██████████░░░░░░░░░░░░░░   41 %  machine 2  working",
    "  as written  worked 900 ms  machine 0  waiting for a machine, 1.2 s",
  ]);
  jobs.splice(0, 2, { ...WORKING, state: { kind: "noticed", endsAtMs: clock.now() + 2_200 } });
  clock.advance(100);
  expect(shown.lines()).toEqual([
    "  with Spotproof     ██████████░░░░░░░░░░░░░░   41 %  machine 2  noticed, 2.1 s left",
  ]);
  screen.close();
  expect(clock.pending).toBe(0);
});

test("what is told stands above the status, with its moment", () => {
  const { clock, shown, screen } = stage(true);
  clock.advance(2_300);
  screen.tell("notice: terminate in 3.0 s\u001b[2J");
  expect(shown.lines()).toEqual([
    "   2.3 s  notice: terminate in 3.0 s\\u{1b}[2J",
    expect.stringContaining("with Spotproof"),
  ]);
  screen.close();
  screen.close();
  screen.tell("after the end");
  expect(shown.lines().at(-1)).toBe("   2.3 s  after the end");
});

test("without a terminal there is a line now and then, when something has changed, and no control", () => {
  const { clock, shown, jobs, screen, written } = stage(false);
  clock.advance(20_000);
  expect(shown.lines()).toEqual(["   5.0 s  with Spotproof:  41 %, machine 2, working"]);
  jobs[0] = { ...WORKING, state: { kind: "standing-still" } };
  clock.advance(5_000);
  expect(shown.lines()).toHaveLength(2);
  screen.close();
  expect(written.join("")).not.toMatch(/[^\P{Cc}\n]/u);
  expect(clock.pending).toBe(0);
});

test.each([12, 30, 60])("on a terminal of %i columns a status is never broken into two lines", (columns) => {
  const { clock, shown, jobs, screen } = stage(true, columns);
  jobs.push({ ...WORKING, title: "日本".repeat(30), progress: { done: 12_345 } });
  clock.advance(500);
  expect(shown.lines()).toHaveLength(2);
  screen.close();
});

test("a terminal that became narrower since is cleared as far as the old lines now reach", () => {
  let columns = 100;
  const { clock, screen, written } = stage(true, 200, { columns: () => columns });
  clock.advance(100);
  columns = 40;
  clock.advance(100);
  expect(written.at(-1)).toContain("\u001b[2A");
  screen.close();
});

test("progress without a total is a count; in ASCII nothing else is written", () => {
  const { clock, shown, jobs, screen } = stage(true, 100, { ascii: true });
  jobs.push({ ...WORKING, progress: { done: 12_345, unit: "rows" } });
  clock.advance(100);
  expect(shown.lines()[0]).toContain("##########..............");
  expect(shown.lines()[1]).toContain("12,345 rows");
  expect(shown.lines().join("")).toMatch(/^[\x20-\x7e]*$/);
  screen.close();
});
