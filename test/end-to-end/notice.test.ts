import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.ts";
import { type Ec2MetadataMock, startEc2MetadataMock } from "../../src/simulator/index.ts";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const mocks: Ec2MetadataMock[] = [];

afterEach(async () => {
  for (const mock of mocks.splice(0)) await mock.close();
});

async function startMock(): Promise<{ mock: Ec2MetadataMock; environment: Record<string, string> }> {
  const mock = await startEc2MetadataMock({ clock: systemClock, imdsv2: "required" });
  mocks.push(mock);
  return {
    mock,
    environment: { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: mock.url },
  };
}

const run = [
  "run",
  "--job",
  "count",
  "--store",
  "store",
  "--checkpoint",
  "ckpt",
  "--metadata-poll",
  "50ms",
  "--heartbeat",
  "100ms",
  "--lease",
  "400ms",
];
const counts = (steps: number, seconds: string): string[] => [
  "--",
  jobFile("counts.sh"),
  String(steps),
  seconds,
];

describe("an EC2 Spot interruption, told by a metadata service on a real socket", () => {
  test("I3: the folder is saved at once, the command works on, is stopped in time, and the next machine goes on", async () => {
    const { mock, environment } = await startMock();
    const first = bench.start([...run, ...counts(10_000, "0.02")], { environment });
    await first.untilSays(/^step 3$/m);
    mock.interrupt({ action: "terminate", leadMs: 5000 });
    const heardAt = performance.now();
    await first.untilSays(/INTERRUPTION: terminate/);
    await first.untilSays(/saved \(notice\)/);
    expect(await first.ended).toBe(75);
    expect(performance.now() - heardAt).toBeLessThan(5000);
    expect(first.stderr()).toMatch(/saved \(final\)/);
    const done = Math.max(...[...first.stdout().matchAll(/^step (\d+)$/gm)].map((match) => Number(match[1])));
    const second = await bench.run([...run, ...counts(done + 5, "0")]);
    expect(second.status).toBe(0);
    // It may have been ended between writing its state and saying so.
    expect(second.stdout).toMatch(new RegExp(`^begin at (${done}|${done + 1})\n`));
    const shown = await bench.run(["status", "--store", "store", "--json"]);
    const { jobs } = JSON.parse(shown.stdout) as {
      jobs: { attempts: { outcome: { kind: string; notice?: { source: string } } }[] }[];
    };
    expect(jobs[0]?.attempts.map(({ outcome }) => outcome.kind)).toEqual(["interrupted", "completed"]);
    expect(jobs[0]?.attempts[0]?.outcome.notice?.source).toMatch(/ec2-metadata/);
  });

  test("I3: told when it is too late to work on, it ends the command at once and makes one save, which it does not give up", async () => {
    const { mock, environment } = await startMock();
    const script =
      "echo ready; while :; do head -c 40000000 /dev/urandom >ckpt/big.new; mv ckpt/big.new ckpt/big; done";
    const first = bench.start([...run, "--", "sh", "-c", script], { environment });
    await first.untilSays(/listening for interruptions/);
    await first.untilSays(/^ready$/m);
    mock.interrupt({ action: "hibernate", leadMs: 0 });
    expect(await first.ended).toBe(75);
    expect(first.stderr()).toMatch(/INTERRUPTION: hibernate now/);
    expect(first.stderr().match(/checkpoint .* saved|a save did not work/g)).toHaveLength(2);
    expect(first.stderr()).toMatch(/saved \(start\)[^]*saved \(final\): [1-9]/);
  });

  test("the job channel answers 404 while nothing is announced, then like the metadata item", async () => {
    const { mock, environment } = await startMock();
    const script = `ask() { curl -s -o answer -w '%{http_code}\\n' --unix-socket "$SPOTPROOF_SOCKET" http://job/interruption; }; ask; while [ "$(ask)" = 404 ]; do sleep 0.05; done; cat answer; exit 75`;
    const started = bench.start([...run, "--", "sh", "-c", script], { environment });
    await started.untilSays(/^404$/m);
    mock.interrupt({ action: "stop", leadMs: 8000 });
    expect(await started.ended).toBe(75);
    const answer = JSON.parse(readFileSync(join(bench.folder, "answer"), "utf8")) as {
      action: string;
      time: string;
      remainingMs: number;
    };
    expect(answer.action).toBe("stop");
    expect(answer.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(answer.remainingMs).toBeLessThanOrEqual(8000);
  });

  test("a rebalance recommendation makes a save and nothing else", async () => {
    const { mock, environment } = await startMock();
    const started = bench.start([...run, ...counts(10_000, "0.02")], { environment });
    await started.untilSays(/^step 2$/m);
    mock.rebalance();
    await started.untilSays(/saved \(early-signal\)/);
    started.child.kill("SIGINT");
    expect(await started.ended).toBe(130);
  });

  test("I2: a metadata service that breaks down is reported, and the job goes on to its end", async () => {
    const { mock, environment } = await startMock();
    const started = bench.start([...run, ...counts(100, "0.02")], { environment });
    await started.untilSays(/^step 2$/m);
    mock.fault({ kind: "status", status: 503 });
    await started.untilSays(/cannot hear interruptions from ec2-metadata/);
    expect(await started.ended).toBe(0);
  });

  test("D03: where no metadata service answers, the command starts without waiting for it", async () => {
    const silent = await import("node:net").then(({ createServer }) =>
      createServer(() => undefined).listen(0, "127.0.0.1"),
    );
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const begun = performance.now();
    const end = await bench.run(["run", "--job", "quick", "--store", "store", "--", "true"], {
      environment: {
        AWS_EC2_METADATA_DISABLED: "false",
        AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}`,
      },
    });
    silent.close();
    expect(end.status).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe("spotproof mock-metadata", () => {
  test("gives a notice that spotproof run hears, and ends on Ctrl-C", async () => {
    const mock = bench.start(["mock-metadata", "--port", "0", "--interrupt-after", "1s", "--lead", "3s"]);
    await mock.untilSays(/AWS_EC2_METADATA_SERVICE_ENDPOINT=\S+/);
    const endpoint = /AWS_EC2_METADATA_SERVICE_ENDPOINT=(\S+)/.exec(mock.stdout())?.[1] ?? "";
    const end = await bench.run([...run, ...counts(10_000, "0.02")], {
      environment: { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint },
    });
    expect(end.status).toBe(75);
    mock.child.kill("SIGINT");
    expect(await mock.ended).toBe(0);
  });
});
