import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useBench } from "./run-spotproof.ts";

const bench = useBench();

/** Three packs, then nothing. */
const writes = "head -c 40000000 /dev/urandom >ckpt/state && echo written && exec sleep 60";
const run = (rate: string): string[] => [
  "run",
  "--job",
  "big",
  "--store",
  "store",
  "--checkpoint",
  "ckpt",
  "--every",
  "1s",
  "--signal-grace",
  "6s",
  "--upload-limit",
  rate,
  "--log-file",
  "log.jsonl",
  "--",
  "sh",
  "-c",
  writes,
];

interface Saved {
  readonly event: string;
  readonly checkpoint: { readonly durationMs: number; readonly storedBytes: number };
}

const largestSave = (): Saved["checkpoint"] | undefined =>
  readFileSync(join(bench.folder, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Saved)
    .filter(({ event }) => event === "saved")
    .map(({ checkpoint }) => checkpoint)
    .find(({ storedBytes }) => storedBytes > 30_000_000);

test("a save takes the time that --upload-limit gives it", async () => {
  const started = bench.start(run("16MiB"));
  await started.untilSays(/38\.\d MiB new/);
  started.child.kill("SIGINT");
  expect(await started.ended).toBe(130);
  // The third pack begins when the two before it have had their second.
  expect(largestSave()?.durationMs).toBeGreaterThan(1900);
});

test("I3: an interruption lifts the limit: what is not durable at the deadline is lost", async () => {
  const started = bench.start(run("1MiB"));
  await started.untilSays(/^written$/m);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  started.child.kill("SIGTERM");
  expect(await started.ended).toBe(75);
  expect(largestSave()?.durationMs).toBeLessThan(10_000);
});
