import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type StorePlace, useStoreServers } from "../stages/store-kinds.ts";
import { jobFile, useBench } from "./run-spotproof.ts";

// A job's whole life as its user has it, on a store of every kind.

const bench = useBench();
const { kinds } = useStoreServers();
const quick = ["--heartbeat", "100ms", "--lease", "2s", "--every", "100ms", "--signal-grace", "5s"];
const run = ({ url }: StorePlace, steps: number, seconds: string): string[] => [
  "run",
  "--job",
  "count",
  "--store",
  url,
  "--checkpoint",
  "ckpt",
  ...quick,
  "--",
  jobFile("counts.sh"),
  String(steps),
  seconds,
];
const lastStep = (said: string): number =>
  Math.max(...[...said.matchAll(/^step (\d+)$/gm)].map((match) => Number(match[1])));

/** What a connection or a worker that is left open would exceed, in ms: the quickest of them stays for 8 s. */
const ENDS_WITHIN_MS = 4000;

/** Runs a command that must say this, and must not linger once it has. */
async function says(pattern: RegExp, args: readonly string[], { environment }: StorePlace): Promise<string> {
  const started = bench.start(args, { environment });
  await started.untilSays(pattern);
  const saidAt = performance.now();
  expect(await started.ended, started.stderr()).toBe(0);
  expect(performance.now() - saidAt).toBeLessThan(ENDS_WITHIN_MS);
  expect(started.stderr()).toBe("");
  return started.stdout();
}

async function expectRightAnswers(place: StorePlace, steps: number): Promise<void> {
  const of = ["--store", place.url, "--job", "count"];
  const shown = await says(/"attempts"/, ["status", "--store", place.url, "--json"], place);
  const { jobs } = JSON.parse(shown) as {
    readonly jobs: readonly {
      readonly attempts: readonly { readonly outcome: { readonly kind: string } }[];
    }[];
  };
  expect(jobs.map(({ attempts }) => attempts.map(({ outcome }) => outcome.kind))).toEqual([
    ["interrupted", "completed"],
  ]);
  const listed = await says(/000002-/, ["checkpoints", "list", ...of], place);
  expect(listed).toMatch(/000001-/);
  await says(/000002-/, ["checkpoints", "verify", ...of], place);
  await says(/000002-/, ["checkpoints", "restore", ...of, "--to", "out"], place);
  expect(readFileSync(join(bench.folder, "out", "n"), "utf8")).toBe(`${steps}\n`);
  const manifests = (): Promise<readonly string[]> => place.keys("jobs/count/checkpoints/");
  expect((await manifests()).length).toBeGreaterThan(2);
  const pruned = await says(/000001-/, ["checkpoints", "prune", ...of, "--keep", "2"], place);
  expect(await manifests(), listed + pruned).toHaveLength(2);
  await says(/000002-/, ["checkpoints", "verify", ...of], place);
}

describe.each(kinds)("a store in $name", ({ isThere, place: newPlace }) => {
  test.skipIf(!isThere)(
    "I3 J4: carries a job from one machine to the next and to its end, and is looked after",
    { timeout: 90_000 },
    async () => {
      const place = await newPlace(bench.folder);
      const { environment } = place;
      const first = bench.start(run(place, 10_000, "0.02"), { environment });
      await first.untilSays(/checkpoint 000001-000003 saved/);
      first.child.kill("SIGTERM");
      expect(await first.ended, first.stderr()).toBe(75);
      const done = lastStep(first.stdout());

      const elsewhere = { environment, workingFolder: join(bench.folder, "elsewhere") };
      mkdirSync(elsewhere.workingFolder);
      const second = await bench.run(run(place, done + 5, "0"), elsewhere);
      expect(second.status, second.stderr).toBe(0);
      // It may have been ended between writing its state and saying so.
      expect(second.stdout).toMatch(new RegExp(`^begin at (${done}|${done + 1})\n`));
      const third = await bench.run(run(place, 10_000, "0.02"), elsewhere);
      expect(third.status).toBe(0);
      expect(third.stderr).toMatch(/was completed by attempt 2: nothing to do/);
      expect(third.stdout).toBe("");
      await expectRightAnswers(place, done + 5);
    },
  );

  test.skipIf(!isThere)(
    "is found good by the doctor; its drivers say nothing and hand nothing on to the command",
    // Its racing processes take seconds on an idle computer, and many times as long on a busy one.
    { timeout: 150_000 },
    async () => {
      const place = await newPlace(bench.folder);
      const { url, environment } = place;
      const end = await bench.run(["doctor", "--store", url, "--measure", "0s"], { environment });
      expect(end.status, end.stdout + end.stderr).toBe(0);
      expect(end.stderr).toBe("");
      for (const name of ["reachable", "rights", "create if absent"])
        expect(end.stdout).toMatch(new RegExp(`^${name} +good`, "m"));
      for (const line of end.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
      expect((await place.keys("")).filter((key) => /probe|doctor/.test(key))).toEqual([]);

      const ran = await bench.run(["run", "--job", "env", "--store", url, "--", "env"], { environment });
      expect(ran.status, ran.stderr).toBe(0);
      for (const line of ran.stderr.trim().split("\n")) expect(line).toMatch(/^spotproof[:!] /);
      expect(ran.stdout).not.toMatch(/^AWS_SDK_JS|^NODE_/m);
    },
  );
});
