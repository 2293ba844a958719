import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RehearsalRecord } from "../../src/simulator/index.ts";
import { ONE_END, findingsOf, jobOf, once, rehearse, reportOf } from "./rehearse-bench.ts";
import { jobFile } from "./run-spotproof.ts";

const LONG = 150_000;
const STEPS = 20;

const counting = ["--", "sh", jobFile("counts.sh"), "20", "0.2"];

describe.concurrent("the same seed gives the same interruptions", { timeout: LONG }, () => {
  const TWO_DRAWN = `
name: two drawn
capacity: [1s, 20s]
interruptions:
  - { at: [20%, 40%], lead: none }
  - { at: [50%, 80%], lead: none }
`;
  const reporting = ["--", "sh", jobFile("reports-progress.sh"), String(STEPS), "0.2"];
  const seeded = (seed: string) => () =>
    rehearse(["--json", "--seed", seed, "--speed", "40", ...reporting], { scenario: TWO_DRAWN });
  const first = once(seeded("7"));
  const again = once(seeded("7"));

  test("in the plan", async () => {
    const [one, other] = await Promise.all([first(), again()]);
    expect(one.status, one.stdout).toBe(0);
    expect(reportOf(one).record.plan).toEqual(reportOf(other).record.plan);
  });

  test("at the same shares of what the job reports, to its nearest report", async () => {
    for (const ended of [await first(), await again()]) {
      const { record } = reportOf(ended);
      expect(record.pacedBy).toBe("progress");
      const shares = sharesAtEnds(record);
      const planned = record.plan.interruptions.map(({ at }) =>
        at.kind === "share" ? at.share : Number.NaN,
      );
      expect(shares).toHaveLength(planned.length);
      for (const [index, share] of shares.entries()) {
        const late = share - (planned[index] ?? Number.NaN);
        expect(late, `${shares.join()} instead of ${planned.join()}`).toBeGreaterThanOrEqual(0);
        // A report may arrive between the look that saw the last one and the end.
        expect(late, `${shares.join()} instead of ${planned.join()}`).toBeLessThanOrEqual(2 / STEPS);
      }
    }
  });

  test("and another seed others", async () => {
    const plans = await Promise.all(
      ["7", "7", "8"].map((seed) =>
        rehearse(["--plan", "--seed", seed, ...reporting], { scenario: TWO_DRAWN }),
      ),
    );
    const [one, same, other] = plans.map(({ stdout }) => stdout.replace(/seed \d+/g, ""));
    expect(one).toMatch(/no notice/i);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  /** How far the job had said it was when each of its machines was taken away. */
  function sharesAtEnds({ interruptions, jobs: [job] }: RehearsalRecord): readonly number[] {
    const reports = (job?.attempts ?? []).flatMap(({ progress }) => progress);
    return interruptions.map(({ endMs = Number.NaN }) => {
      const last = reports.filter(({ atMs }) => atMs <= endMs).at(-1);
      return (last?.done ?? Number.NaN) / (last?.total ?? Number.NaN);
    });
  }
});

describe.concurrent("a command that is a spotproof run already", { timeout: LONG }, () => {
  const own = [
    "run",
    "--job",
    "train",
    "--store",
    "../own-store",
    "--checkpoint",
    "./state",
    "--every",
    "40s",
  ];
  const job = ["--retries", "1", "--keep", "3", "--", "sh", jobFile("shows-its-parent.sh"), "20", "0.2"];
  const startings = ["spotproof", "npx -y spotproof", "node dist/cli/main.js"];

  test.each(startings)(
    "%s: is rehearsed with the rehearsal's own store and shortened times",
    async (words) => {
      let touched = true;
      const ended = await rehearse(
        ["--json", "--speed", "20", "--", ...words.split(" "), ...own, ...job],
        { scenario: ONE_END },
        async (rehearsal) => {
          await rehearsal.ended;
          touched = existsSync(join(rehearsal.workingFolder, "../own-store"));
        },
      );
      expect(ended.status, ended.stdout).toBe(0);
      expect(touched).toBe(false);
      const shown = jobOf(ended).lastWords.find((line) => line.startsWith("parent: "));
      expect(shown).toMatch(/ --store \S+\/spotproof-rehearsal-\w+\/job\/store /);
      expect(shown).not.toContain("own-store");
      expect(shown).toMatch(/ --checkpoint state /);
      expect(shown).toMatch(/ --every 2000ms /);
      expect(shown).toMatch(/ --retries 1 /);
      expect(shown).toMatch(/ --keep 3 /);
      expect(jobOf(ended).attempts.map(({ resumedFrom }) => resumedFrom !== undefined)).toEqual([
        false,
        true,
      ]);
    },
  );

  test("K14: that leaves for an attempt which vanished never goes on, and is told why", async () => {
    const ended = await rehearse(
      ["--json", "--speed", "20", "--", "spotproof", ...own, "--if-running", "leave", ...job],
      { scenario: ONE_END },
    );
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([
      expect.stringMatching(/^K14 fails: .*taken for alive.*--if-running leave/),
    ]);
  });
});

describe.concurrent("the user's own files", { timeout: LONG }, () => {
  const files = { "data/input.txt": "input\n", "code.sh": "true\n", "ckpt/old": "from yesterday\n" };
  const clearing = ["--", "sh", jobFile("clears-its-folder.sh"), "20", "0.2"];

  // `rehearse` fails when anything in the working folder has changed.
  test.each([["auto"], ["folders"]])(
    "are not deleted by a job that deletes everything (%s)",
    async (isolation) => {
      // Without namespaces others' new files in /tmp might be the job's.
      const ended = await rehearse(
        ["--json", "--may-lose", "/tmp/**", "--isolation", isolation, ...clearing],
        {
          scenario: ONE_END,
          files,
        },
      );
      expect(findingsOf(ended)).toEqual([]);
      expect(ended.status).toBe(0);
    },
  );

  test("are not written to by the working folder's own absolute path", async () => {
    const ended = await rehearse(
      ["--json", "--", "sh", "-c", 'exec sh "$0" "$(pwd)/code.sh" 20 0.2', jobFile("result-in.sh")],
      { scenario: ONE_END, files },
    );
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^L01 fails: .*code\.sh \(9 B\)/)]);
  });
});

describe.concurrent("a bad day in the cloud", { timeout: LONG }, () => {
  const FLEET = `
name: fleet in trouble
fleet: { machines: 2, zones: [a, b] }
capacity: 1s
interruptions:
  - { at: 40%, lead: none, ends: zone }
store:
  - { kind: 503, at: 10%, for: 10s, share: 50% }
  - { kind: 500, at: 15%, for: 10s, share: 30% }
  - { kind: slow, at: 20%, for: 10s, delay: 2s }
  - { kind: 409, at: 50%, for: 10s, share: 50% }
  - { kind: 412, at: 60%, for: 10s, share: 50% }
  - { kind: timeout, at: 70%, for: 10s, share: 20% }
  - { kind: full, at: 80%, for: 10s, share: 50% }
`;

  test("a stand-by takes over when a zone ends, and every trouble of the store is told", async () => {
    const ended = await rehearse(["--json", "--speed", "20", ...counting], { scenario: FLEET });
    expect(findingsOf(ended).filter((finding) => finding.includes(" fails: "))).toEqual([]);
    expect(ended.status, ended.stdout).toBe(0);
    const { storeFaults } = reportOf(ended).record;
    expect(storeFaults.map(({ kind }) => kind).toSorted()).toEqual([
      "409",
      "412",
      "500",
      "503",
      "full",
      "slow",
      "timeout",
    ]);
    for (const { fromMs, toMs } of storeFaults) expect(toMs).toBeGreaterThan(fromMs);
    const { machines, attempts } = jobOf(ended);
    expect(machines.filter(({ end }) => end === "lost").map(({ zone }) => zone)).toHaveLength(1);
    const [lost, successor] = [attempts[0], attempts.at(-1)];
    expect(successor?.machine).not.toBe(lost?.machine);
    expect(successor?.resumedFrom).toMatch(/^00000\d-/);
  });

  test("K01: a zombie is fenced out when it wakes up, and the record tells its pause", async () => {
    const scenario = `
name: zombie
capacity: 1s
interruptions:
  - { at: 40%, ends: zombie, zombie: { paused: 80s, awake: 20s } }
`;
    const ended = await rehearse(["--json", "--speed", "20", ...counting], { scenario });
    expect(findingsOf(ended).filter((finding) => finding.includes(" fails: "))).toEqual([]);
    expect(ended.status, ended.stdout).toBe(0);
    const { machines, attempts } = jobOf(ended);
    expect(attempts.map(({ end }) => end.kind)).toEqual(["fenced-out", "completed"]);
    const [pause] = machines[0]?.pauses ?? [];
    const [{ pausedMs, wokeMs } = {}] = reportOf(ended).record.interruptions;
    expect(wokeMs).toBeGreaterThan(pausedMs ?? Number.NaN);
    expect(pause?.fromMs).toBeGreaterThanOrEqual(pausedMs ?? Number.NaN);
    expect((pause?.toMs ?? 0) - (pause?.fromMs ?? 0)).toBeGreaterThanOrEqual(4000 - 500);
  });

  test("hibernation: the machine goes on where it stood still", async () => {
    const scenario = `
name: hibernation
capacity: 40s
interruptions:
  - { at: 40%, action: hibernate }
`;
    const ended = await rehearse(["--json", "--speed", "20", ...counting], { scenario });
    expect(findingsOf(ended).filter((finding) => finding.includes(" fails: "))).toEqual([]);
    expect(ended.status, ended.stdout).toBe(0);
    const { machines } = jobOf(ended);
    expect(machines).toMatchObject([{ end: "released", pauses: [expect.anything()] }]);
  });
});
