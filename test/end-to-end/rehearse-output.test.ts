import { describe, expect, test } from "vitest";
import { OTHER_USER, canBecomeOtherUser } from "../stages/other-user.ts";
import { ONE_END, REPORT, findingsOf, jobOf, once, rehearse, reportOf } from "./rehearse-bench.ts";
import { jobFile } from "./run-spotproof.ts";

const LONG = 150_000;

const inTmp = ["--", "python3", jobFile("result-in-tmp.py"), "20", "0.2"];

describe.concurrent("what a rehearsal prints", { timeout: LONG }, () => {
  const naive = "sh -c 'for i in $(seq 45); do sleep 0.2; done'";
  const careful = ["--", "sh", jobFile("counts.sh"), "45", "0.2"];
  const compared = once(() =>
    rehearse(["--json", "--report", REPORT, "--speed", "40", "--compare", naive, ...careful], {
      scenario: ONE_END,
    }),
  );

  test("with --json is one JSON document, with a comparison too", async () => {
    const ended = await compared();
    const report = reportOf(ended);
    expect(Object.keys(report)).toEqual(["format", "record", "verdict"]);
    expect(report.record.jobs.map(({ id, supervised }) => [id, supervised])).toEqual([
      ["job", true],
      ["compare", false],
    ]);
    expect(report.verdict.jobs.map(({ id, spotProof }) => [id, spotProof])).toEqual([
      ["job", true],
      ["compare", false],
    ]);
  });

  test("the status is that of the job, not of what it is compared with", async () => {
    expect((await compared()).status).toBe(0);
  });

  test("K08: a comparison that keeps nothing is thrown back", async () => {
    const [, other] = reportOf(await compared()).verdict.jobs;
    expect(other?.findings.map(({ id }) => id)).toContain("K08");
  });

  test("with --report is one HTML file that needs nothing else", async () => {
    const { page = "", stderr } = await compared();
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
    expect(page).toContain("counts.sh");
    expect(stderr).toMatch(/The report is in \S+report\.html/);
  });

  test("--list-scenarios: names what is built in", async () => {
    const { stdout, status } = await rehearse(["--list-scenarios"]);
    expect(stdout.match(/^\S+/gm)).toEqual([
      "gentle",
      "typical",
      "harsh",
      "no-notice",
      "zombie",
      "famine",
      "blind",
    ]);
    expect(status).toBe(0);
  });

  test("--print-scenario: a scenario that can be read again", async () => {
    const { stdout } = await rehearse(["--print-scenario", "harsh"]);
    const own = await rehearse(["--plan", "--seed", "3"], { scenario: stdout });
    const builtIn = await rehearse(["--plan", "--seed", "3", "--scenario", "harsh"]);
    expect(own.status).toBe(0);
    expect(own.stdout).toBe(builtIn.stdout);
  });

  test("--plan: what would happen, for this seed, and runs nothing", async () => {
    const plans = ["3", "4"].map((seed) => rehearse(["--plan", "--seed", seed, "--scenario", "harsh"]));
    const [one, other] = await Promise.all(plans);
    const withJob = await rehearse(["--plan", "--seed", "3", "--scenario", "harsh", "--", "no-such-program"]);
    expect(one?.stdout).toMatch(/seed 3/);
    expect(one?.stdout.replace("seed 3", "")).not.toBe(other?.stdout.replace("seed 4", ""));
    expect(withJob.stdout).toBe(one?.stdout);
    expect(withJob.status).toBe(0);
  });

  test("tells how to repeat it: the same words and the seed", async () => {
    const { record } = reportOf(await compared());
    expect(record.repeat).toMatch(
      /^npx spotproof rehearse --seed 1 .*--compare '.*' -- sh \S+counts\.sh 45 0\.2$/,
    );
  });
});

describe.concurrent("without namespaces", { timeout: LONG }, () => {
  test("is noted, and a result in TMPDIR is found out by name", async () => {
    const ended = await rehearse(["--json", "--isolation", "folders", ...inTmp], { scenario: ONE_END });
    expectFoundOut(ended);
  });

  test.runIf(canBecomeOtherUser)("so it is for a user who is not root", async () => {
    const ended = await rehearse(["--json", ...inTmp], {
      scenario: ONE_END,
      uid: OTHER_USER,
      environment: { HOME: "/nonexistent" },
    });
    expectFoundOut(ended);
  });

  test.runIf(canBecomeOtherUser)("namespaces that cannot be had are refused at once", async () => {
    const ended = await rehearse(["--isolation", "namespaces", ...inTmp], {
      scenario: ONE_END,
      uid: OTHER_USER,
    });
    expect(ended.stderr).toMatch(
      /Machines cannot have namespaces of their own here: only root may have them/,
    );
    expect(ended.status).toBe(64);
  });

  test.runIf(canBecomeOtherUser)("a report that this user may not write is refused at once", async () => {
    const ended = await rehearse(["--report", "/report.html", ...inTmp], {
      scenario: ONE_END,
      uid: OTHER_USER,
    });
    expect(ended.stderr).toMatch(/--report \/report\.html cannot be written: .*EACCES/);
    expect(ended.stderr).not.toContain("Rehearsing");
    expect(ended.status).toBe(64);
  });

  function expectFoundOut(ended: Awaited<ReturnType<typeof rehearse>>): void {
    const { record } = reportOf(ended);
    expect(record.computer.isolation).toBe("folders");
    expect(record.notes).toContainEqual(expect.stringMatching(/without namespaces .* TMPDIR/s));
    expect(findingsOf(ended)).toContainEqual(expect.stringMatching(/^L01 fails: /));
    expect(jobOf(ended).leftBehind).toContainEqual(
      expect.objectContaining({
        path: expect.stringMatching(/\/result\.csv$/),
        where: "tmp",
        afterCompletion: true,
      }),
    );
    expect(ended.status).toBe(67);
  }
});
