import { describe, expect, test } from "vitest";
import { ONE_END, ONE_NOTICE, findingsOf, jobOf, once, rehearse } from "./rehearse-bench.ts";
import { jobFile } from "./run-spotproof.ts";

const LONG = 150_000;

const inTmp = ["--", "python3", jobFile("result-in-tmp.py"), "20", "0.2"];
const inScratch = ["--", "sh", jobFile("result-in.sh"), "result.csv", "20", "0.2"];

describe.concurrent("L01, L03: a result that went away with its machine", { timeout: LONG }, () => {
  test("in /tmp is found out by name, and the status is 67", async () => {
    const ended = await rehearse(["--json", ...inTmp], { scenario: ONE_END });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^L01 fails: .*\/tmp\/result\.csv \(9 B\)/)]);
    expect(jobOf(ended).leftBehind).toContainEqual(
      expect.objectContaining({ path: "/tmp/result.csv", where: "tmp", afterCompletion: true }),
    );
  });

  test("in /tmp is nobody's loss with --may-lose", async () => {
    const ended = await rehearse(["--may-lose", "/tmp/*.csv", ...inTmp], { scenario: ONE_END });
    expect(ended.stdout).toMatch(/^\s*SPOT-PROOF/);
    expect(ended.stdout).not.toContain("L01");
    expect(ended.status).toBe(0);
  });

  test("in /tmp is named but accepted with --allow", async () => {
    const ended = await rehearse(["--json", "--allow", "L01", ...inTmp], { scenario: ONE_END });
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^L01 allowed: .*\/tmp\/result\.csv/)]);
    expect(ended.status).toBe(0);
  });

  test("in the working folder is found out by name", async () => {
    const ended = await rehearse(inScratch, { scenario: ONE_END });
    expect(ended.status).toBe(67);
    expect(ended.stdout).toMatch(/^\s*NOT SPOT-PROOF/);
    expect(ended.stdout).toMatch(/L01 {2}What it left in its working folder is gone \(fails\)/);
    expect(ended.stdout).toMatch(/own disk only:\s+result\.csv\s+\(9\s+B\)/);
  });

  test("in the working folder is right and gone when --expect-same names it", async () => {
    const ended = await rehearse(["--json", "--expect-same", "result.csv", ...inScratch], {
      scenario: ONE_END,
    });
    expect(ended.status).toBe(67);
    expect(jobOf(ended).outputs).toEqual([{ path: "result.csv", result: "same", durable: false }]);
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^L03 fails: result\.csv was right/)]);
  });
});

describe.concurrent("what a job does wrong is found out", { timeout: LONG }, () => {
  const deaf = ["--", "python3", jobFile("deaf.py"), "30", "0.2"];
  const daemon = ["--", "sh", jobFile("with-daemon.sh"), "20", "0.2"];
  const inPlace = ["--", "python3", jobFile("writes-in-place.py"), "30", "0.2"];
  const often = ["--speed", "40", "--every", "13s"];

  test("S08: it does not hear SIGTERM", async () => {
    const ended = await rehearse(["--json", "--speed", "30", ...deaf], { scenario: ONE_NOTICE });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toContainEqual(expect.stringMatching(/^S08 fails: Had to be killed: python3/));
    expect(jobOf(ended).finishedMs).toBeGreaterThan(0);
  });

  test("S08 in words, without namespaces", async () => {
    const ended = await rehearse(["--isolation", "folders", "--speed", "30", ...deaf], {
      scenario: ONE_NOTICE,
    });
    expect(ended.status).toBe(67);
    expect(ended.stdout).toMatch(
      /S08 {2}It does not stop when it is told to \(fails\)\s+Had to be killed:\s/,
    );
  });

  test("S02: it leaves a daemon behind", async () => {
    const ended = await rehearse(["--json", ...daemon], { scenario: ONE_END });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([expect.stringMatching(/^S02 fails: .*had to be killed: .*sh \(pid/)]);
  });

  test("S02 in words, without namespaces", async () => {
    const ended = await rehearse(["--isolation", "folders", ...daemon], { scenario: ONE_END });
    expect(ended.status).toBe(67);
    expect(ended.stdout).toMatch(/S02 {2}It leaves processes behind \(fails\)/);
  });

  test("C01: its state was saved half-written, and the file is named", async () => {
    const ended = await rehearse(["--json", ...often, ...inPlace], { scenario: ONE_END });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toContainEqual(
      expect.stringMatching(/^C01 fails: state\.json: open for writing when/),
    );
    expect(jobOf(ended).halfWritten).toContainEqual(expect.objectContaining({ path: "state.json" }));
  });

  test("C01: it cannot go on from a file that was never saved whole, and the file is named", async () => {
    const ended = await rehearse(["--json", "--", "sh", jobFile("never-whole.sh"), "4"], {
      scenario: ONE_END,
    });
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([
      expect.stringMatching(
        /^C01 fails: Put back as .*: state in the middle of a write\. .*state is cut off/,
      ),
      expect.stringMatching(/^C01 fails: state: open for writing when .* started again from such/),
    ]);
  });

  test("C01 in words, without namespaces", async () => {
    const ended = await rehearse(["--isolation", "folders", ...often, ...inPlace], {
      scenario: ONE_END,
    });
    expect(ended.status).toBe(67);
    expect(ended.stdout).toMatch(/C01 {2}Its state was saved half-written \(fails\)\s+state\.json: open/);
  });
});

describe.concurrent("declared outputs are compared with those of the run alone", { timeout: LONG }, () => {
  const job = ["--", "sh", jobFile("many-results.sh"), "20", "0.2"];
  const allKinds = once(() =>
    rehearse(
      [
        "--json",
        "--expect-same",
        "ckpt/n",
        "ckpt/history",
        "ckpt/first-life",
        "ckpt/nothing",
        "scratch.csv",
        ...job,
      ],
      { scenario: ONE_END },
    ),
  );

  test("same, different, missing, never made: each is told", async () => {
    const { outputs } = jobOf(await allKinds());
    expect(outputs).toEqual([
      { path: "ckpt/n", result: "same", durable: true },
      {
        path: "ckpt/history",
        result: "different",
        durable: true,
        detail: expect.stringMatching(/^\d+ instead of 11 bytes$/),
      },
      { path: "ckpt/first-life", result: "missing", durable: false },
      { path: "ckpt/nothing", result: "missing-alone", durable: false },
      { path: "scratch.csv", result: "same", durable: false },
    ]);
  });

  test("R03, L03: only what is the same and outlives the machine is no finding", async () => {
    const ended = await allKinds();
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([
      expect.stringMatching(/^R03 fails: ckpt\/history is different: /),
      expect.stringMatching(/^R03 fails: ckpt\/first-life is missing/),
      expect.stringMatching(/^R03 fails: ckpt\/nothing was not there after the run alone/),
      expect.stringMatching(/^L03 fails: scratch\.csv was right/),
    ]);
  });

  test("--same-by decides by the status of a command that is given both files", async () => {
    const ended = await rehearse(
      [
        "--json",
        "--may-lose",
        "scratch.csv",
        "--expect-same",
        "ckpt/history",
        "ckpt/n",
        "--same-by",
        'f() { head -n 1 "$1" | cmp - "$2" -n 8; }; f',
        ...job,
      ],
      { scenario: ONE_END },
    );
    expect(jobOf(ended).outputs).toMatchObject([
      { path: "ckpt/history", result: "same", durable: true },
      { path: "ckpt/n", result: "same", durable: true },
    ]);
    expect(ended.status).toBe(0);
  });

  test("--same-by that ends with another status tells what it said", async () => {
    const ended = await rehearse(
      ["--json", "--expect-same", "ckpt/n", "--same-by", "echo too far apart; false", ...inScratchDurable()],
      { scenario: ONE_END },
    );
    expect(ended.status).toBe(67);
    expect(findingsOf(ended)).toEqual([
      expect.stringMatching(/^R03 fails: ckpt\/n is different: too far apart\.$/),
    ]);
  });
});

function inScratchDurable(): readonly string[] {
  return ["--", "sh", jobFile("counts.sh"), "20", "0.2"];
}
