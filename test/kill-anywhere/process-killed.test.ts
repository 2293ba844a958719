import { readFileSync, readdirSync } from "node:fs";
import fs from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPrograms } from "./build-programs.ts";
import { type Campaign, cutsOf, problemsOf, startCampaign } from "./campaign.ts";
import { watchDisk } from "./disk-operations.ts";
import { freshPlaces } from "./foremen.ts";
import { FOLDERS } from "./setting.ts";
import { MUTANTS } from "./store-mutants.ts";

// KILL_ANYWHERE_CUTS: how many processes are killed, 240 by default. Continuous integration asks for 300, which leaves room
// for rehearsals and for the kills beside other stores; a change of the engine deserves 10,000 (a quarter of an hour on two cores).
// KILL_SEED, KILL_CHAIN: repeat what a failure names.

const CUTS = Number(process.env["KILL_ANYWHERE_CUTS"] ?? 240);
const SEED = Number(process.env["KILL_SEED"] ?? 1);
const ONLY_CHAIN = process.env["KILL_CHAIN"];
const LINKS = 24;

const places = freshPlaces();
let campaign: Campaign;

beforeAll(async () => {
  const programs = await buildPrograms(places.path);
  const onlyChain = ONLY_CHAIN === undefined ? undefined : Number(ONLY_CHAIN);
  campaign = await startCampaign({ programs, places, setting: FOLDERS, seed: SEED, onlyChain, links: LINKS });
});

afterAll(() => places.remove());

describe("a process killed before or after any operation on a disk", () => {
  test(
    "C01 C03 C08 S12: leaves the state of a committed checkpoint, never older than the last acknowledged",
    async () => {
      const links = await campaign.kill(CUTS);
      process.stdout.write(`kill-anywhere: ${campaign.summary(links)}\n`);
      expect(problemsOf(links)).toEqual([]);
      if (ONLY_CHAIN === undefined) expect(cutsOf(links).length).toBeGreaterThanOrEqual(CUTS);
    },
    60_000 + CUTS * 500,
  );

  test.each(MUTANTS)("finds out an engine with the flaw: %s (%s)", { timeout: 300_000 }, async (mutant) => {
    expect(problemsOf(await campaign.killFlawed(mutant))).not.toEqual([]);
    const unharmed = await campaign.leaveFlawed(mutant);
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
      // Small objects by the thousand, which no victim writes: small-writer.test.ts dies at each call of that thread.
      if (name.endsWith("store/file/small-writer.ts")) return what !== "{ Worker }";
      // A database writes its files itself, in a thread of its own: stores-killed.test.ts kills there.
      if (/store\/sql\/sqlite\/sqlite-(executor|worker)\.ts$/.test(name)) return from !== "worker_threads";
      if (from === "fs/promises")
        return !/^(fs|type \{.*\}|\{( ?type \w+,?)+ ?\}|fs, \{( ?type \w+,?)+ ?\})$/.test(what);
      return !(from === "fs" && (reading.test(what) || what === "type * as Fs"));
    });
    expect(bad).toEqual([]);
  });
});
