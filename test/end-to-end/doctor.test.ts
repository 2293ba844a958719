import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StoreReport } from "../../src/store/index.ts";
import { OTHER_USER, canBecomeOtherUser } from "../stages/other-user.ts";
import { jobFile, useBench } from "./run-spotproof.ts";

// The real command, with its racing processes, on a folder.

const bench = useBench();
const doctor = ["doctor", "--store", "store"];
const quick = [...doctor, "--measure", "100ms"];
const unmeasured = [...doctor, "--measure", "0s"];

const CHECKS = ["reachable", "rights", "create-if-absent", "clocks", "heartbeat", "speed"];

/** Everything in the store's folder. */
const contentOf = (folder = join(bench.folder, "store")): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
const NEW_STORE = ["spotproof-store.json", "tmp"];

const reportOf = (stdout: string): StoreReport => JSON.parse(stdout) as StoreReport;
const verdictsOf = (report: StoreReport): Readonly<Record<string, string>> =>
  Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]));

describe("a folder that holds", () => {
  test("every check is told, the state fits the window, and only what a first run makes is left", async () => {
    const end = await bench.run([...quick, "--state", "64MiB"]);
    expect(end.status, end.stderr).toBe(0);
    expect(end.stderr).toBe("");
    expect(end.stdout).toMatch(/^folder .*\/store\n\n/);
    const names = ["reachable", "rights", "create if absent", "clocks", "heartbeat", "speed"];
    for (const name of names) expect(end.stdout).toMatch(new RegExp(`^${name} +good`, "m"));
    expect(end.stdout).toMatch(/races of 4 instances[^]*of 4 processes/);
    expect(end.stdout).toMatch(/first save of\s+64\.0 MiB[^]*fits the window/);
    expect(end.stdout).not.toContain(String.fromCharCode(27));
    for (const line of end.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(contentOf()).toEqual(NEW_STORE);
  });

  test("--json prints one object with the documented fields, and nothing else", async () => {
    const end = await bench.run([...quick, "--state", "64MiB", "--json"]);
    expect(end.status).toBe(0);
    const report = reportOf(end.stdout);
    expect(Object.keys(report)).toEqual([
      "format",
      "verdict",
      "store",
      "place",
      "cautions",
      "leftBehind",
      "earlier",
      "checks",
    ]);
    expect(report.checks.map(({ id }) => id)).toEqual(CHECKS);
    const page = readFileSync("docs/guides/doctor.md", "utf8");
    for (const check of report.checks) {
      expect(Object.keys(check)).toEqual(["id", "verdict", "seen", "advice", "facts"]);
      for (const fact of Object.keys(check.facts)) expect(page, check.id).toContain(`\`${fact}\``);
    }
  });

  test("a state that does not fit is bad when not even 1 % of it does", async () => {
    const end = await bench.run([...quick, "--state", "8000TiB"]);
    expect(end.status).toBe(69);
    expect(end.stdout).toMatch(/DOES NOT FIT the window/);
    expect(end.stdout).toMatch(/Do not rely on this store: 1 of 6/);
  });

  test("a running job in the same store is not disturbed, and `status` shows no probes", async () => {
    const times = ["--heartbeat", "100ms", "--lease", "2s", "--every", "100ms"];
    const job = ["--job", "count", "--store", "store", "--checkpoint", "ckpt"];
    const running = bench.start(["run", ...job, ...times, "--", jobFile("counts.sh"), "200", "0.02"]);
    await running.untilSays(/checkpoint 000001-000002 saved/);
    const [one, two] = await Promise.all([bench.run(unmeasured), bench.run([...unmeasured, "--json"])]);
    expect([one.status, two.status]).toEqual([0, 0]);
    expect(verdictsOf(reportOf(two.stdout))).toMatchObject({ rights: "good", "create-if-absent": "good" });
    expect(await running.ended).toBe(0);
    const status = await bench.run(["status", "--store", "store", "--json"]);
    const { jobs } = JSON.parse(status.stdout) as { readonly jobs: readonly { readonly job: string }[] };
    expect(jobs.map(({ job }) => job)).toEqual(["count"]);
    expect(readdirSync(join(bench.folder, "store")).sort()).toEqual(["jobs", ...NEW_STORE].sort());
  });
});

describe("being stopped", () => {
  test("Ctrl-C: everything is removed, no process is left, status 130", async () => {
    const started = bench.start([...doctor, "--measure", "10s"]);
    await started.untilSays(/^rights +good/m);
    started.child.kill("SIGINT");
    expect(await started.ended).toBe(130);
    expect(started.stderr()).toMatch(/stopped\. Nothing is left in the store\./);
    expect(contentOf()).toEqual(NEW_STORE);
  });

  test("killed in the middle: the next one removes what was left", async () => {
    const started = bench.start([...doctor, "--measure", "10s"]);
    await started.untilSays(/^heartbeat +good/m);
    started.child.kill("SIGKILL");
    await started.ended;
    const left = contentOf().filter((name) => name.startsWith("spotproof-doctor/"));
    expect(left.length).toBeGreaterThan(0);
    const end = await bench.run([...unmeasured, "--json"]);
    expect(end.status).toBe(0);
    expect(end.stderr).toMatch(/another inspection has objects here; watching for .* whether it lives/);
    expect(reportOf(end.stdout).earlier).toEqual({ removed: left.length, left: [], alive: 0 });
    expect(contentOf().filter((name) => !name.startsWith("tmp/"))).toEqual(NEW_STORE);
    // Fifteen real seconds of silence are part of it.
  }, 90_000);
});

describe("a store that cannot be used", () => {
  test("a store that is a file: told by the first check, no other claims anything", async () => {
    writeFileSync(join(bench.folder, "store"), "");
    const end = await bench.run([...unmeasured, "--json"]);
    expect(end.status).toBe(69);
    const { reachable, ...others } = verdictsOf(reportOf(end.stdout));
    expect(reachable).toBe("bad");
    expect(Object.values(others)).toEqual(Array(5).fill("not-checked"));
    expect(end.stderr).toBe("");
  });

  test.each([
    [["doctor"], /--store <place>' not specified/],
    [[...doctor, "--state", "big"], /--state "big" is not a size/],
    [[...doctor, "--window", "120"], /--window: "120" is not a duration/],
    [[...doctor, "--lease", "5s"], /shorter than two heartbeats/],
  ])("bad usage %j is told before anything is written", async (args, words) => {
    const end = await bench.run(args);
    expect(end.status).toBe(64);
    expect(end.stderr).toMatch(words);
    expect(existsSync(join(bench.folder, "store"))).toBe(false);
  });

  test.skipIf(!canBecomeOtherUser)(
    "a folder that another user may only read: the missing rights are named, the others are there (needs root)",
    async () => {
      const place = mkdtempSync(join(tmpdir(), "spotproof-rights-"));
      try {
        chmodSync(place, 0o755);
        const store = join(place, "store");
        mkdirSync(join(store, "tmp"), { recursive: true });
        writeFileSync(join(store, "spotproof-store.json"), JSON.stringify({ format: 1 }));
        const args = ["doctor", "--store", store, "--measure", "0s"];
        const end = await bench.run([...args, "--json"], { uid: OTHER_USER, workingFolder: place });
        const report = reportOf(end.stdout);
        expect(end.status).toBe(69);
        const rights = report.checks.find(({ id }) => id === "rights");
        expect(rights?.facts).toMatchObject({
          create: "missing",
          replace: "missing",
          read: "granted",
          list: "granted",
          listFolders: "granted",
        });
        expect(rights?.advice).toMatch(/the right to create \(a folder: write/);
        expect(report.leftBehind).toEqual([]);
        expect(contentOf(store)).toEqual(NEW_STORE);

        // With the right to write, the same user is content.
        for (const folder of [store, join(store, "tmp")]) chownSync(folder, OTHER_USER, OTHER_USER);
        const again = await bench.run(args, { uid: OTHER_USER, workingFolder: place });
        expect(again.status, again.stdout).toBe(0);
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    },
  );

  test.skipIf(!canBecomeOtherUser)(
    "a folder that may not be made a store: it is told, and the rest is still looked at (needs root)",
    async () => {
      const place = mkdtempSync(join(tmpdir(), "spotproof-rights-"));
      try {
        chmodSync(place, 0o755);
        const args = ["doctor", "--store", place, "--measure", "0s", "--json"];
        const end = await bench.run(args, { uid: OTHER_USER, workingFolder: place });
        expect(end.status).toBe(69);
        const report = reportOf(end.stdout);
        expect(report.checks[0]).toMatchObject({ verdict: "bad", facts: { error: "store-not-writable" } });
        expect(report.checks[1]?.facts).toMatchObject({ read: "granted", list: "granted" });
        expect(contentOf(place)).toEqual([]);
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    },
  );
});
