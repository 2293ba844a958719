import { describe, expect, onTestFinished, test } from "vitest";
import { type S3Fake, startS3Fake } from "../../src/simulator/index.ts";
import { freePort } from "../stages/free-port.ts";
import { AWS_KEYS } from "../stages/store-kinds.ts";
import { hasPostgres, startPostgres } from "../stages/postgres.ts";
import { jobFile, useBench } from "./run-spotproof.ts";

// Servers that are slow, that lie, and that go away and come back.

const bench = useBench();
const environment = AWS_KEYS;
const quick = ["--heartbeat", "100ms", "--lease", "2s", "--every", "100ms"];

const aMoment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A fake that keeps its port, so that it can be closed and can listen again with all that it holds. */
async function s3(): Promise<{ readonly fake: S3Fake; readonly url: string }> {
  const port = await freePort();
  const fake = await startS3Fake({ port });
  onTestFinished(() => fake.close());
  return { fake, url: `s3://bucket/jobs?endpoint=http://127.0.0.1:${port}&region=us-east-1` };
}

describe("K16: an S3 that ignores conditions", () => {
  test("is bad to the doctor, and spotproof run refuses it with the reason, also when it became so later", async () => {
    const { fake, url } = await s3();
    const run = ["run", "--job", "train", "--store", url, "--", "echo", "started"];
    expect((await bench.run(run, { environment })).status).toBe(0);
    fake.fault({ kind: "ignore-conditions" });
    const doctor = await bench.run(["doctor", "--store", url, "--measure", "0s"], { environment });
    expect(doctor.status, doctor.stdout).toBe(69);
    expect(doctor.stdout + doctor.stderr).toMatch(
      /ignores the condition[^]*Two machines could own one\s+job/,
    );
    for (const place of [url, url.replace("/jobs", "/new")]) {
      const refused = await bench.run(run.with(4, place), { environment });
      expect(refused.status, refused.stderr).toBe(69);
      expect(refused.stderr).toMatch(
        /ignores the condition that an object must be absent.*\[store-unsuitable\]/,
      );
      expect(refused.stderr).toMatch(/If-None-Match/);
      expect(refused.stdout).toBe("");
    }
  });
});

describe("--upload-limit", () => {
  const state = (bytes: number, then: string): string[] => [
    "--",
    "sh",
    "-c",
    `head -c ${bytes} /dev/urandom >ckpt/weights; echo written; ${then}`,
  ];

  test("slows a save down to the rate", async () => {
    const { url } = await s3();
    const args = ["run", "--job", "train", "--store", url, "--checkpoint", "ckpt", "--upload-limit", "20MiB"];
    const started = bench.start([...args, ...state(40_000_000, "true")], { environment });
    await started.untilSays(/^written$/m);
    const writtenAt = performance.now();
    expect(await started.ended, started.stderr()).toBe(0);
    // Three packs, of which the first needs not wait: the others begin when those before have had their time.
    expect(performance.now() - writtenAt).toBeGreaterThan(1400);
    expect(performance.now() - writtenAt).toBeLessThan(15_000);
  });

  test("is lifted by a notice: what would take minutes is saved before the deadline", async () => {
    const { url } = await s3();
    const args = [
      "run",
      "--job",
      "train",
      "--store",
      url,
      "--checkpoint",
      "ckpt",
      "--upload-limit",
      "100KiB",
    ];
    const started = bench.start([...args, "--signal-grace", "8s", ...state(30_000_000, "exec sleep 1000")], {
      environment,
    });
    await started.untilSays(/^written$/m);
    started.child.kill("SIGTERM");
    const toldAt = performance.now();
    expect(await started.ended, started.stderr()).toBe(75);
    expect(performance.now() - toldAt).toBeLessThan(9000);
    expect(started.stderr()).toMatch(/saved \(final\): 1 files?, 28\.6 MiB/);
  });
});

interface Outage {
  readonly url: string;
  readonly away: () => Promise<void>;
  readonly back: () => Promise<void>;
}

describe("C06 I2: a server that goes away and comes back while the job runs", () => {
  const inS3 = async (): Promise<Outage> => {
    const { fake, url } = await s3();
    return { url, away: () => fake.close(), back: () => fake.listen() };
  };
  const inPostgres = async (): Promise<Outage> => {
    const stage = await startPostgres();
    onTestFinished(() => stage.close());
    return { url: stage.url(), away: () => stage.crash(), back: () => stage.start() };
  };
  test.for([
    { name: "S3", open: inS3, isThere: true },
    { name: "PostgreSQL", open: inPostgres, isThere: hasPostgres },
  ])(
    "$name: the command is not disturbed, and its result is whole",
    { timeout: 60_000 },
    async (kind, { skip }) => {
      if (!kind.isThere) skip("its server is missing");
      const { url, away, back } = await kind.open();
      const of = ["--store", url, "--job", "count"];
      const started = bench.start(
        ["run", ...of, "--checkpoint", "ckpt", ...quick, "--", jobFile("counts.sh"), "150", "0.02"],
        { environment },
      );
      await started.untilSays(/checkpoint 000001-000002 saved/);
      await away();
      await started.untilSays(/the store does not answer; the job goes on/);
      await aMoment(1500);
      await back();
      await started.untilSays(/the store answers again/);
      expect(await started.ended, started.stderr()).toBe(0);
      expect(started.stdout().match(/^begin at/gm)).toHaveLength(1);
      expect(started.stderr().match(/does not answer; the job goes on/g)).toHaveLength(1);
      const verified = await bench.run(["checkpoints", "verify", ...of], { environment });
      expect(verified.status, verified.stdout).toBe(0);
      const shown = await bench.run(["status", "--store", url], { environment });
      expect(shown.stdout).toMatch(/^count: completed; 1 attempt,/m);
    },
  );
});
