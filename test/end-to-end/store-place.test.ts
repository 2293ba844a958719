import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useBench } from "./run-spotproof.ts";

const bench = useBench();
const strict = { environment: { SPOTPROOF_ALLOW_VOLATILE_STORE: "" } };
const run = (store: string, ...options: string[]): string[] => [
  "run",
  "--job",
  "train",
  "--store",
  store,
  ...options,
  "--",
  "true",
];
const isLinux = process.platform === "linux";

describe.skipIf(!isLinux || !existsSync("/dev/shm"))(
  "L01: a store in memory (needs Linux with /dev/shm)",
  () => {
    const store = "/dev/shm/spotproof-test/never/made";

    test("is refused before anything is made there, with what to do", async () => {
      const end = await bench.run(run(store), strict);
      expect(end.status).toBe(64);
      expect(end.stderr).toMatch(
        /would go with this machine.*lies in memory \(tmpfs on \/dev\/shm\).*\[store-volatile\]/,
      );
      expect(end.stderr).toMatch(/EFS.*--allow-volatile-store/);
      expect(existsSync("/dev/shm/spotproof-test")).toBe(false);
    });

    test("holds the file of a database: that is refused as well", async () => {
      const end = await bench.run(run("sqlite:/dev/shm/spotproof-test.db"), strict);
      expect(end.status).toBe(64);
      expect(end.stderr).toMatch(/store-volatile/);
    });

    test("is found behind a link", async () => {
      symlinkSync("/dev/shm", join(bench.folder, "link"));
      const end = await bench.run(run("link/spotproof-test"), strict);
      expect(end.status).toBe(64);
      expect(end.stderr).toMatch(/store-volatile/);
    });

    test("is used when that is said, with a warning", async () => {
      const folder = mkdtempSync("/dev/shm/spotproof-test-");
      try {
        for (const [options, environment] of [
          [["--allow-volatile-store"], strict],
          [[], { environment: { SPOTPROOF_ALLOW_VOLATILE_STORE: "1" } }],
        ] as const) {
          const end = await bench.run(run(join(folder, "store"), ...options), environment);
          expect(end.status, end.stderr).toBe(0);
          expect(end.stderr).toMatch(/lies in memory.*fine for a try or a rehearsal, not for a job/);
        }
        // Whoever looks into it is not refused.
        const status = await bench.run(["status", "--store", join(folder, "store")], strict);
        expect(status.status).toBe(0);
        expect(status.stderr).toBe("");
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);

test("the place is told in one line at the start", async () => {
  const end = await bench.run(run("store", "--log-file", "log.jsonl"));
  expect(end.status).toBe(0);
  const lines = readFileSync(join(bench.folder, "log.jsonl"), "utf8").split("\n");
  const told = lines.filter((line) => /"event":"store-(place|advice)"/.test(line));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(join(bench.folder, "store"));
});
