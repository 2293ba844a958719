import { describe, expect, test } from "vitest";
import { ONE_END, findingsOf, jobOf, rehearse, reportOf } from "./rehearse-bench.ts";
import { jobFile } from "./run-spotproof.ts";

const LONG = 60_000;

const works = ["--", "true"];

describe.concurrent("bad input gets a clear answer before anything is started", { timeout: LONG }, () => {
  const cases: readonly [string, readonly string[], RegExp][] = [
    ["no command", [], /There is no command to rehearse\. Put it after two dashes/],
    ["an unknown option", ["--frobnicate", ...works], /unknown option '--frobnicate'/],
    ["an option nearly right", ["--scenrio", "harsh", ...works], /Did you mean --scenario\?/],
    [
      "an unknown scenario",
      ["--scenario", "typicla", ...works],
      /no scenario "typicla"\. Did you mean typical\?/,
    ],
    [
      "a scenario file that is not there",
      ["--scenario", "./my.yaml", ...works],
      /my\.yaml cannot be read: it does not exist/,
    ],
    ["a speed of nothing", ["--speed", "0", ...works], /--speed "0" is no factor from 1 to 1000/],
    [
      "a checkpoint folder outside",
      ["--checkpoint", "../state", ...works],
      /--checkpoint \.\.\/state: in a rehearsal it is a folder below/,
    ],
    [
      "the working folder as checkpoint folder",
      ["--checkpoint", ".", ...works],
      /--checkpoint \.: in a rehearsal it is a folder below/,
    ],
    ["no checkpoint folder", ["--checkpoint", "", ...works], /--checkpoint is empty/],
    [
      "a report where no folder is",
      ["--report", "nowhere/report.html", ...works],
      /--report \S+nowhere\/report\.html cannot be written: .*ENOENT/,
    ],
    [
      "a report that is a folder",
      ["--report", "..", ...works],
      /--report \S+ is a folder\. Name a file in it/,
    ],
    ["an empty comparison", ["--compare", "", ...works], /--compare is empty\. Name a command/],
    [
      "nothing to compare with",
      ["--expect-same", "out.csv", "--no-alone", ...works],
      /--no-alone leaves out/,
    ],
    ["a seed that is no number", ["--seed", "x", ...works], /--seed "x" is not a whole number/],
    ["a seed that is none, for a plan alone", ["--seed", "x", "--plan"], /--seed "x" is not a whole number/],
    [
      "more lost than there is",
      ["--max-lost", "200%", ...works],
      /--max-lost "200%" is no share from 0% to 100%/,
    ],
    ["a finding that is none", ["--allow", "nonsense", ...works], /--allow "nonsense" is no id of a finding/],
    [
      "an isolation that is none",
      ["--isolation", "docker", ...works],
      /Allowed choices are auto, namespaces, folders/,
    ],
    [
      "a shared folder around the working folder",
      ["--shared", "..", ...works],
      /shared folder \S+ .*holds the working folder/,
    ],
    ["inputs that are not there", ["--input", "nowhere", ...works], /nowhere .*cannot be used/],
    [
      "a scenario to print that is none",
      ["--print-scenario", "typicla"],
      /--print-scenario "typicla" is none of gentle/,
    ],
    [
      "a run of its own that is not understood",
      ["--", "npx", "spotproof", "run", "--job", "j", "--store", "s", "--evry", "9s", "--", "true"],
      /own "spotproof run" is not understood: unknown option '--evry'/,
    ],
  ];

  test.each(cases)("%s", async (_name, args, message) => {
    const ended = await rehearse(args);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr, "no stack trace").not.toMatch(/^\s+at .*\.js:\d+/m);
    expect(ended.stderr, "nothing has begun").not.toContain("done in");
    expect(ended.stdout).toBe("");
    expect(ended.status).toBe(64);
  });

  test("a scenario that is no YAML: where", async () => {
    const ended = await rehearse(works, {
      scenario: "name: broken\ninterruptions:\n  - { at: 50%, lead: none\n",
    });
    expect(ended.stderr).toMatch(/scenario\.yaml:4:1: Flow map/);
    expect(ended.status).toBe(64);
  });

  test("a scenario with a wrong value: where, and what would be right", async () => {
    const ended = await rehearse(works, {
      scenario: "name: wrong\ninterruptions:\n  - { at: half, lead: none }\n",
    });
    expect(ended.stderr).toMatch(/scenario\.yaml:3:11: .*must be a share such as 25%/);
    expect(ended.status).toBe(64);
  });
});

describe.concurrent("R01: what fails alone is not rehearsed", { timeout: LONG }, () => {
  test("a command that does not exist", async () => {
    const ended = await rehearse(["--json", "--", "no-such-program-at-all"], { scenario: ONE_END });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^R01 fails: .*status 127/)]);
    expect(jobOf(ended).machines).toEqual([]);
    expect(reportOf(ended).record.interruptions).toMatchObject([{ skipped: true }]);
  });

  test("a command that cannot be executed", async () => {
    const ended = await rehearse(["--json", "--", "./data.txt"], {
      scenario: ONE_END,
      files: { "data.txt": "1\n" },
    });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^R01 fails: .*status 126/)]);
  });

  test("a command that fails, with its last words", async () => {
    const ended = await rehearse(["--", "sh", "-c", "echo no licence found >&2; exit 3"], {
      scenario: ONE_END,
    });
    expect(ended.status).toBe(67);
    expect(ended.stdout).toMatch(/R01 {2}It fails when nobody interrupts it \(fails\)/);
    expect(ended.stdout).toMatch(/status\s+3/);
    expect(ended.stdout).toMatch(/no\s+licence\s+found/);
  });

  test("a comparison that fails, while the job itself does not", async () => {
    const ended = await rehearse(
      ["--json", "--compare", "false", "--", "sh", jobFile("counts.sh"), "2", "0.1"],
      {
        scenario: ONE_END,
      },
    );
    expect(ended.status).toBe(67);
    const { verdict } = reportOf(ended);
    expect(verdict.jobs.map(({ id, findings }) => [id, findings.map((finding) => finding.id)])).toEqual([
      ["job", ["K14"]],
      ["compare", ["R01"]],
    ]);
  });
});

describe.concurrent("what proves nothing does not pass", { timeout: LONG }, () => {
  test("R02: a job that is over before its first interruption", async () => {
    const ended = await rehearse(["--json", "--", "sh", jobFile("counts.sh"), "1", "0.1"], {
      scenario: "name: late\ninterruptions:\n  - { after: 1h, lead: none }\n",
    });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^R02 fails: No interruption came/)]);
  });
});
