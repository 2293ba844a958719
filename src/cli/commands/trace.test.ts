import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CommandIo, processIo } from "../command-io.ts";
import type { Work } from "../program.ts";
import { declareTraceCommand } from "./trace.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "spotproof-trace-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command in the folder; gives its status and its standard output. */
async function trace(
  ...words: readonly string[]
): Promise<{ readonly status: number; readonly out: string }> {
  const chosen: Work[] = [];
  const program = new Command("spotproof").exitOverride();
  declareTraceCommand(program, (work) => chosen.push(work));
  program.parse(["trace", ...words], { from: "user" });
  let out = "";
  const io: CommandIo = {
    ...processIo(),
    workingFolder: folder,
    out: (text) => {
      out += text;
    },
  };
  const status = (await chosen[0]?.(io)) ?? -1;
  return { status, out };
}

describe("spotproof trace", () => {
  test("what is generated can be described, and is as asked", async () => {
    const asked = [
      "--seed",
      "7",
      "--availability",
      "40%",
      "--median-run",
      "30m",
      "--mean-run",
      "90m",
      "--days",
      "30",
    ];
    const { status, out } = await trace("generate", ...asked);
    expect(status).toBe(0);
    await writeFile(join(folder, "capacity.json"), out);
    const described = await trace("describe", "capacity.json");
    expect(described.out).toContain("availability  40.0 % of the time with an instance");
    expect(described.out).toMatch(/\nruns .*median .*, mean 1 h 30 min\n/);
    const measured = JSON.parse((await trace("describe", "capacity.json", "--json")).out) as object;
    expect(measured).toMatchObject({ gapMs: 195_000, availability: expect.closeTo(0.4, 3) });
  });

  test("more instances are there for less of the time", async () => {
    await writeFile(join(folder, "capacity.json"), '{"gap_seconds": 60, "data": [1, 2, 0, 2]}');
    expect((await trace("describe", "capacity.json", "--need", "2")).out).toContain(
      "50.0 % of the time with 2 instances",
    );
  });

  test.each([
    [["generate", "--availability", "0.6"], '--availability "0.6" is no share'],
    [["generate", "--availability", "0%"], '--availability "0%" is no share above 0%'],
    [["generate", "--availability", "0%"], "above 0%"],
    [["generate", "--mean-run", "1m"], "shorter than the median run"],
    [["generate", "--gap", "195"], '--gap: "195" is not a duration'],
    [["generate", "--seed", "x"], '--seed "x"'],
    [["describe", "none.json"], "The trace none.json cannot be read: it does not exist."],
    [["describe", "none.json", "--need", "0"], "--need"],
  ])("%j is refused", async (words, says) => {
    await expect(trace(...words)).rejects.toThrow(says);
  });
});
