import { describe, expect, test } from "vitest";
import { rehearse } from "./rehearse-bench.ts";
import { jobFile } from "./run-spotproof.ts";

const LONG = 60_000;

const counting = ["--", "sh", jobFile("counts.sh"), "20", "0.2"];
const daemons = ["--", "sh", jobFile("with-daemon.sh"), "20", "0.2"];

const NOTICE = `
name: notice
interruptions:
  - { at: 20%, lead: 1h }
`;
const FAMINE = `
name: famine
capacity: 10h
interruptions:
  - { at: 20%, lead: none }
`;
const ZOMBIE = `
name: zombie
capacity: 1s
interruptions:
  - { at: 20%, ends: zombie, zombie: { paused: 1h, awake: 30s } }
`;

describe.concurrent("a rehearsal that is stopped takes everything with it", { timeout: LONG }, () => {
  type Stop = readonly [
    when: string,
    NodeJS.Signals,
    scenario: string,
    heard: RegExp,
    job: readonly string[],
  ];
  const stops: readonly Stop[] = [
    ["in the run alone", "SIGINT", NOTICE, /alone: the job/, daemons],
    ["in the run alone", "SIGTERM", NOTICE, /alone: the job/, counting],
    ["in the middle of a notice", "SIGINT", NOTICE, /interruption 1, .*: notice/, daemons],
    ["while it waits for capacity", "SIGINT", FAMINE, /interruption 1, .*: no notice/, counting],
    ["while a machine stands still", "SIGTERM", ZOMBIE, /interruption 1, .*zombie/, counting],
  ];

  // `rehearse` fails when a process or a temporary file is left.
  test.each(stops)("%s, by %s", async (_when, signal, scenario, heard, job) => {
    const ended = await rehearse(["--json", "--speed", "20", ...job], { scenario }, async (rehearsal) => {
      await rehearsal.untilSays(heard);
      await new Promise((resolve) => setTimeout(resolve, 700));
      rehearsal.child.kill(signal);
    });
    expect(ended.stderr).toContain("the rehearsal was stopped; everything that it had started is ended");
    expect(ended.stdout).toBe("");
    expect(ended.status).toBe(130);
  });

  test.each([["auto"], ["folders"]])("by SIGKILL, but for its temporary folder (%s)", async (isolation) => {
    const ended = await rehearse(
      ["--speed", "20", "--isolation", isolation, ...daemons],
      { scenario: NOTICE },
      async (rehearsal) => {
        await rehearsal.untilSays(/interruption 1, .*: notice/);
        rehearsal.child.kill("SIGKILL");
        await rehearsal.ended;
        expect(await rehearsal.survivors()).toEqual([]);
        expect(rehearsal.temporaryFiles()).toEqual([expect.stringMatching(/^spotproof-rehearsal-/)]);
      },
    );
    expect(ended.status).toBe("SIGKILL");
  });

  test("twice in a hurry: it is stopped all the same", async () => {
    const ended = await rehearse(["--speed", "20", ...counting], { scenario: NOTICE }, async (rehearsal) => {
      await rehearsal.untilSays(/alone: the job/);
      rehearsal.child.kill("SIGINT");
      rehearsal.child.kill("SIGINT");
    });
    expect(ended.status).toBe(130);
  });
});
