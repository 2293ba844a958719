import { readFileSync, readdirSync } from "node:fs";
import fs from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Programs, buildPrograms } from "./build-programs.ts";
import { type ChainTask, type Link, type OperationCounts, countOperations } from "./crash-chain.ts";
import { watchDisk } from "./disk-operations.ts";
import { freshPlaces, runChains } from "./foremen.ts";
import { MUTANTS, type Mutant } from "./store-mutants.ts";

// KILL_ANYWHERE_CUTS: how many processes are killed, 240 by default. Continuous integration asks for 3,000, which leaves
// room for the rehearsals; a change of the engine deserves 10,000 (a quarter of an hour on two cores).
// KILL_SEED, KILL_CHAIN: repeat what a failure names.

const CUTS = Number(process.env["KILL_ANYWHERE_CUTS"] ?? 240);
const SEED = Number(process.env["KILL_SEED"] ?? 1);
const ONLY_CHAIN = process.env["KILL_CHAIN"];
const LINKS = 24;
const MUTANT_CHAINS = 30;
const MUTANT_LINKS = 12;

const places = freshPlaces();
let programs: Programs;
let operations: OperationCounts;

beforeAll(async () => {
  programs = await buildPrograms(places.path);
  operations = await countOperations(programs.victim, places.path, SEED);
});

afterAll(() => places.remove());

function* tasks(chains: number, mutant?: Mutant, links = LINKS): Generator<ChainTask> {
  const { victim } = programs;
  for (let chain = 0; chain < chains; chain += 1) {
    if (ONLY_CHAIN !== undefined && chain !== Number(ONLY_CHAIN)) continue;
    yield { victim, places: places.path, seed: SEED, chain, links, mutant, operations };
  }
}

const problemsOf = (links: readonly Link[]): readonly string[] => links.flatMap(({ problems }) => problems);
const cutsOf = (links: readonly Link[]): readonly Link[] => links.filter(({ cut }) => cut !== undefined);

function summary(links: readonly Link[]): string {
  const cuts = cutsOf(links);
  const points = new Set(
    cuts.map(({ surroundings, cut }) => `${surroundings} ${cut?.side} ${cut?.operation}`),
  );
  const all = Object.values(operations).reduce((sum, [, most]) => sum + 2 * most, 0);
  const restores = links.filter(({ restoredStep }) => restoredStep !== undefined).length;
  const behind = [0, 1].map(
    (steps) => cuts.filter((link) => link.restoredStep !== undefined && link.behind === steps).length,
  );
  return `${cuts.length} processes killed at ${points.size} of about ${all} points, ${restores} fresh machines restored (${behind[0]} to the newest state, ${behind[1]} to the one before it), bad = ${problemsOf(links).length}`;
}

describe("a process killed before or after any operation on a disk", () => {
  test(
    "C01 C03 C08 S12: leaves the state of a committed checkpoint, never older than the last acknowledged",
    async () => {
      const enough = (links: readonly Link[]): boolean =>
        cutsOf(links).length >= CUTS || problemsOf(links).length > 0;
      const links = await runChains(programs.foreman, tasks(100_000), enough);
      process.stdout.write(`kill-anywhere: ${summary(links)}\n`);
      expect(problemsOf(links)).toEqual([]);
      if (ONLY_CHAIN === undefined) expect(cutsOf(links).length).toBeGreaterThanOrEqual(CUTS);
    },
    60_000 + CUTS * 500,
  );

  test.each(MUTANTS)("finds out an engine with the flaw: %s (%s)", { timeout: 300_000 }, async (mutant) => {
    const links = await runChains(
      programs.foreman,
      tasks(MUTANT_CHAINS, mutant, MUTANT_LINKS),
      (some) => problemsOf(some).length > 0,
    );
    expect(problemsOf(links)).not.toEqual([]);
    const unharmed = await runChains(programs.foreman, tasks(2, mutant, 0), () => false);
    expect(problemsOf(unharmed), "without a kill nobody would notice").toEqual([]);
  });
});

describe("the harness", () => {
  test("refuses operations that it does not know", async () => {
    const stranger = fs as unknown as Record<string, unknown>;
    stranger["overwriteEverything"] = () => undefined;
    const stop = await watchDisk((_, run) => run());
    try {
      expect(stranger["overwriteEverything"]).toThrow("not known to the kill-anywhere harness");
    } finally {
      stop();
      delete stranger["overwriteEverything"];
    }
  });

  test("sees every write: the engine writes through the object that it watches, and by no other way", () => {
    const sources = ["src/store", "src/checkpoint", "src/job"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    );
    const engine = sources.filter(
      (name) => name.endsWith(".ts") && !/\.(test|contract|fixture)\.ts$/.test(name),
    );
    const imports = engine.flatMap((name) =>
      [
        ...readFileSync(name, "utf8").matchAll(
          /^import ([^;]*) from "(?:node:)?(fs|fs\/promises|child_process|worker_threads)";$/gm,
        ),
      ].map(([, what = "", from = ""]) => ({ name, what: what.replaceAll(/\s+/g, " "), from })),
    );
    expect(imports.length).toBeGreaterThan(10);
    const reading =
      /^\{( ?(type \w+|lstatSync|readdirSync|readlinkSync|readFileSync|statSync|existsSync|openSync|readSync|fstatSync|closeSync|constants),?)+ ?\}$/;
    const bad = imports.filter(({ name, what, from }) => {
      // Threads read, and write new files in the fresh folder of a restore, which is nobody's before it is whole.
      if (name.endsWith("workshop/crew.ts")) return what !== "{ Worker }" && what !== "* as fs";
      if (from === "fs/promises")
        return !/^(fs|type \{.*\}|\{( ?type \w+,?)+ ?\}|fs, \{( ?type \w+,?)+ ?\})$/.test(what);
      return !(from === "fs" && (reading.test(what) || what === "type * as Fs"));
    });
    expect(bad).toEqual([]);
  });
});
