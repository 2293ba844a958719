import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobFile, useBench } from "./run-spotproof.ts";

// The store of a real run is disturbed on purpose, as rehearsals do it.

const bench = useBench();
const quick = ["--heartbeat", "100ms", "--lease", "2s", "--every", "100ms", "--signal-grace", "3s"];
const run = ["run", "--job", "count", "--store", "store", "--checkpoint", "ckpt", ...quick];
const log = ["--log-file", "log.jsonl"];
const counts = (steps: number, seconds: string): string[] => [
  "--",
  jobFile("counts.sh"),
  String(steps),
  seconds,
];
const environment = { SPOTPROOF_REHEARSAL_STORE_FAULTS: "faults.json" };

function disturb(...faults: readonly { kind: string; share?: number; delayMs?: number }[]): void {
  writeFileSync(join(bench.folder, "faults.new"), JSON.stringify({ faults }));
  renameSync(join(bench.folder, "faults.new"), join(bench.folder, "faults.json"));
}
const calm = (): void => rmSync(join(bench.folder, "faults.json"));

const attempts = (): readonly string[] => readdirSync(join(bench.folder, "store/jobs/count/attempts"));
const outcome = (attempt = "000001"): unknown =>
  JSON.parse(readFileSync(join(bench.folder, `store/jobs/count/attempts/${attempt}/outcome.json`), "utf8"));
const events = (): readonly { event: string; [member: string]: unknown }[] =>
  readFileSync(join(bench.folder, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string });

/** Lets a real outage last; there is no clock to move in another process. */
const aMoment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Staging folders that lie about. */
const stagings = (): readonly string[] =>
  readdirSync(bench.folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".spotproof-staging"),
  );
const stagingFolder = (): string => join(bench.folder, "ckpt.spotproof-staging");

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

/** The result is in the store, whole. */
async function expectResult(text: string): Promise<void> {
  const verified = await bench.run(["checkpoints", "verify", "--store", "store", "--job", "count"]);
  expect(verified.status, verified.stdout).toBe(0);
  const restored = await bench.run([
    "checkpoints",
    "restore",
    "--store",
    "store",
    "--job",
    "count",
    "--to",
    "out",
  ]);
  expect(restored.status).toBe(0);
  expect(readFileSync(join(bench.folder, "out", "n"), "utf8")).toBe(text);
}

describe("C06 I2 E1: an outage of the store that ends costs no job", () => {
  test.each(["500", "503", "409"])(
    "%s at the very start: the claim waits for its end, and says so",
    async (kind) => {
      disturb({ kind });
      const started = bench.start([...run, ...log, ...counts(5, "0")], { environment });
      await started.untilSays(/the job cannot be claimed yet; trying again for up to 60 s/);
      expect(started.stdout()).toBe("");
      calm();
      expect(await started.ended).toBe(0);
      expect(started.stderr()).toMatch(/THE STORE IS DISTURBED ON PURPOSE.*faults\.json.*rehearsals/);
      expect(started.stderr()).toMatch(/the store answers again/);
      expect(attempts()).toEqual(["000001"]);
      await expectResult("5\n");
    },
  );

  test.each(["503", "500"])(
    "%s while the job runs: the save in flight waits and completes, with one warning and one all-clear",
    async (kind) => {
      // A heartbeat that a busy disk delays by 100 ms would be a trouble of its own.
      const patient = [...run, "--heartbeat", "500ms", ...log, ...counts(150, "0.02")];
      const started = bench.start(patient, { environment });
      await started.untilSays(/checkpoint 000001-000002 saved/);
      disturb({ kind });
      await started.untilSays(/the store does not answer; the job goes on/);
      await aMoment(1500);
      expect(stagings()).toHaveLength(1);
      calm();
      await started.untilSays(/the store answers again/);
      expect(await started.ended).toBe(0);
      expect(attempts()).toEqual(["000001"]);
      const told = events();
      const of = (event: string) => told.filter((line) => line.event === event);
      expect(of("command-started")).toHaveLength(1);
      expect(of("store-trouble")).toHaveLength(1);
      expect(of("store-well")).toHaveLength(1);
      expect(of("save-failed")).toEqual([]);
      // The same save: it took as long as the store was away, and no number was used up beside it.
      const saved = of("saved").map(({ checkpoint }) => checkpoint as { id: string; durationMs: number });
      expect(Math.max(...saved.map(({ durationMs }) => durationMs))).toBeGreaterThan(1500);
      expect(saved.map(({ id }) => id.slice(-6))).toEqual(
        saved.map((_, index) => String(index + 1).padStart(6, "0")),
      );
      expect(stagings()).toEqual([]);
      await expectResult("150\n");
    },
  );

  test("full while the job runs: failed saves are told, heartbeats resume, and the job goes on", async () => {
    const started = bench.start([...run, ...log, ...counts(120, "0.02")], { environment });
    await started.untilSays(/checkpoint 000001-000002 saved/);
    disturb({ kind: "full" });
    await started.untilSays(/a save did not work \(interval\)/);
    await started.untilSays(/the store does not answer; the job goes on/);
    calm();
    await started.untilSays(/the store answers again/);
    expect(await started.ended).toBe(0);
    expect(attempts()).toEqual(["000001"]);
    expect(events().filter(({ event }) => event === "command-started")).toHaveLength(1);
    await expectResult("120\n");
  });

  test("timeouts while the job runs: no heartbeat hangs longer than its time", async () => {
    const started = bench.start([...run, ...log, "--every", "1h", ...counts(150, "0.02")], { environment });
    await started.untilSays(/^step 5$/m);
    disturb({ kind: "timeout" });
    await started.untilSays(/the store does not answer; the job goes on.*A heartbeat was not answered/);
    calm();
    await started.untilSays(/the store answers again/);
    expect(await started.ended).toBe(0);
    await expectResult("150\n");
  });

  test("at the very end: success is told only when the last save and the outcome are durable", async () => {
    const started = bench.start([...run, ...log, "--every", "1h", ...counts(20, "0.02")], { environment });
    await started.untilSays(/^step 5$/m);
    disturb({ kind: "503" });
    await started.untilSays(/the store does not answer; the job goes on/);
    await aMoment(1000);
    expect(started.child.exitCode).toBeNull();
    disturb({ kind: "500" });
    await aMoment(1000);
    expect(started.child.exitCode).toBeNull();
    calm();
    expect(await started.ended).toBe(0);
    expect(outcome()).toMatchObject({ kind: "completed" });
    await expectResult("20\n");
  });

  test.each(["503", "full"])(
    "I3 %s at the very end, and a notice: no success is told, and the attempt ends in time",
    async (kind) => {
      const started = bench.start([...run, ...log, "--every", "1h", ...counts(20, "0.02")], { environment });
      await started.untilSays(/^step 5$/m);
      disturb({ kind });
      await started.untilSays(/^step 20$/m);
      await aMoment(1500);
      const noticeAt = performance.now();
      started.child.kill("SIGTERM");
      expect(await started.ended).toBe(69);
      expect(performance.now() - noticeAt).toBeLessThan(4000);
      expect(started.stderr()).toMatch(/has done its work, but its last state is not durable/);
      calm();
      const next = await bench.run([...run, ...counts(20, "0")]);
      expect(next.status).toBe(0);
      await expectResult("20\n");
    },
  );

  test("while a folder is restored: that waits, and steps back from nothing", async () => {
    const first = bench.start([...run, ...counts(1000, "0.02")]);
    await first.untilSays(/checkpoint 000001-000003 saved/);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    // Only what comes after the claim is disturbed: the restore before the second life.
    const second = bench.start([...run, ...log, "--retry-wait", "1ms", "--", "sh", "-c", "exit 3"], {
      environment,
    });
    await second.untilSays(/starting the command again/);
    disturb({ kind: "503" });
    await second.untilSays(/the store does not answer; the job goes on/);
    calm();
    expect(await second.ended).toBe(3);
    expect(second.stderr()).not.toMatch(/stepping back/);
  });

  test.each(["503", "timeout"])(
    "I3 %s until the deadline of a notice: the attempt ends in time, and the next goes on from the last good checkpoint",
    async (kind) => {
      const first = bench.start([...run, ...log, ...counts(1000, "0.02")], { environment });
      await first.untilSays(/checkpoint 000001-000003 saved/);
      disturb({ kind });
      await first.untilSays(/the store does not answer; the job goes on/);
      const noticeAt = performance.now();
      first.child.kill("SIGTERM");
      expect(await first.ended).toBe(75);
      // The grace of the signal is 3 s; what comes after it is the last try to record the outcome.
      expect(performance.now() - noticeAt).toBeLessThan(4000);
      expect(first.stderr()).toMatch(/INTERRUPTION/);
      expect(first.stderr()).toMatch(/The end of this attempt could not be recorded/);
      expect(stagings()).toEqual([]);
      const last = events().findLast(({ event }) => event === "saved")?.["checkpoint"] as { id: string };
      calm();
      const second = await bench.run([...run, ...counts(60, "0")]);
      expect(second.status).toBe(0);
      expect(second.stdout).toMatch(/^begin at [1-9]/);
      expect(second.stderr).toContain(`going on from checkpoint ${last.id}`);
      await expectResult("60\n");
    },
  );

  test("I3 C18: a store that returns after the notice still gets what was captured before, and then the last state", async () => {
    const first = bench.start([...run, ...log, "--signal-grace", "20s", ...counts(1000, "0.02")], {
      environment,
    });
    await first.untilSays(/checkpoint 000001-000003 saved/);
    disturb({ kind: "503" });
    await first.untilSays(/the store does not answer; the job goes on/);
    first.child.kill("SIGTERM");
    await first.untilSays(/INTERRUPTION/);
    await aMoment(500);
    calm();
    expect(await first.ended).toBe(75);
    const reasons = events()
      .filter(({ event }) => event === "saved")
      .map(({ reason }) => reason);
    expect(reasons.slice(-3)).toContain("interval");
    expect(reasons.at(-1)).toBe("final");
    expect(outcome()).toMatchObject({ kind: "interrupted" });
    const steps = [...first.stdout().matchAll(/^step (\d+)$/gm)].at(-1)?.[1];
    const restored = await bench.run([
      "checkpoints",
      "restore",
      "--store",
      "store",
      "--job",
      "count",
      "--to",
      "out",
    ]);
    expect(restored.status).toBe(0);
    // It may have been ended after the last step, before it said so.
    const ahead = Number(readFileSync(join(bench.folder, "out", "n"), "utf8")) - Number(steps);
    expect([0, 1]).toContain(ahead);
  });

  test("C06: while it is away neither the memory nor the disk grows, however much the command writes", async () => {
    const writes =
      "for i in $(seq 400); do head -c 48000000 /dev/urandom >ckpt/new && mv ckpt/new ckpt/$((i % 2)); echo step $i; done";
    const started = bench.start([...run, ...log, "--", "sh", "-c", writes], { environment });
    await started.untilSays(/checkpoint 000001-000003 saved/);
    disturb({ kind: "503" });
    await started.untilSays(/the store does not answer; the job goes on/);
    const samples: { memory: number; disk: number }[] = [];
    for (let second = 0; second < 6; second += 1) {
      samples.push({ memory: residentBytes(started.pid), disk: bytesBelow(stagingFolder()) });
      await aMoment(1000);
    }
    const most = (what: "memory" | "disk", some = samples) => Math.max(...some.map((sample) => sample[what]));
    // One copy of the state, which is two files, and the one that comes to be.
    expect(most("disk")).toBeLessThanOrEqual(3 * 48_000_000);
    // What a save may take it takes, and then no more, though the command has written several times as much meanwhile.
    expect(most("memory")).toBeLessThan(350 * 1024 * 1024);
    const grown = most("memory", samples.slice(3)) - most("memory", samples.slice(0, 3));
    expect(grown).toBeLessThan(64 * 1024 * 1024);
    calm();
    await started.untilSays(/the store answers again/);
    started.child.kill("SIGINT");
    expect(await started.ended).toBe(130);
    expect(stagings()).toEqual([]);
  });
});

describe("a store that is bad all the time", () => {
  test.each([
    ["412: every create is told of its own success as of somebody else's", { kind: "412" }],
    ["500: some calls fail, half of the writes take effect all the same", { kind: "500", share: 0.05 }],
    ["409 and 503: some calls fail before anything takes effect", { kind: "503", share: 0.05 }],
    ["slow: every call takes longer", { kind: "slow", delayMs: 30 }],
  ])(
    "%s: one attempt, a whole result, nothing told that is not so",
    { timeout: 60_000 },
    async (_name, fault) => {
      disturb(fault, ...(fault.kind === "503" ? [{ kind: "409", share: 0.05 }] : []));
      const end = await bench.run([...run, ...log, ...counts(60, "0.02")], { environment });
      expect(end.status, end.stderr).toBe(0);
      expect(attempts()).toEqual(["000001"]);
      expect(outcome()).toMatchObject({ kind: "completed" });
      const told = events().filter(({ event }) => event === "saved");
      expect(told.length).toBeGreaterThan(1);
      const last = told.at(-1)?.["checkpoint"] as { id: string };
      expect(readdirSync(join(bench.folder, "store/jobs/count/checkpoints"))).toContain(`${last.id}.json`);
      await expectResult("60\n");
    },
  );
});

describe("the file of faults", () => {
  test.each([
    ["no JSON", "{half", /cannot be read/],
    ["no list", "{}", /it is not \{"faults"/],
    [
      "an unknown kind",
      '{"faults":[{"kind":"503","share":1},{"kind":"404"}]}',
      /has no kind. There are: timeout, 500/,
    ],
    ["a share of 2", '{"faults":[{"kind":"503","share":2}]}', /not a number from 0 to 1/],
    ["a delay before now", '{"faults":[{"kind":"slow","delayMs":-1}]}', /not a number from 0\./],
  ])("with %s is refused before anything is claimed", async (_name, text, words) => {
    writeFileSync(join(bench.folder, "faults.json"), text);
    const end = await bench.run([...run, ...counts(1, "0")], { environment });
    expect(end.stderr).toMatch(words);
    expect(end.status).toBe(64);
    expect(end.stdout).toBe("");
  });

  test("concerns spotproof run only", async () => {
    await bench.run([...run, ...counts(1, "0")]);
    disturb({ kind: "503" });
    const end = await bench.run(["status", "--store", "store"], { environment });
    expect(end.status).toBe(0);
    expect(end.stderr).toBe("");
  });
});
