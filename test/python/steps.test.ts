import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { PYTHONS, PYTHON_IS_THERE, pythonJob, usePython } from "./pythons.ts";

// `spotproof.steps` with a folder and no channel: what is saved, and what is made of it at the next start.

const python = usePython();
const folder = (): string => join(python.folder, "ckpt");
const kept = (): Readonly<Record<string, string>> => ({ SPOTPROOF_CHECKPOINT: folder() });
const states = (): readonly string[] => readdirSync(join(folder(), "steps"));

/** A program with a list as its state; `body` is what a step does. */
const program = (body: string, call = "10, every=5, save=save, load=load"): string => `
import os, signal, sys, time
import spotproof
seen = []
def save(folder):
    (folder / "seen").write_text(",".join(map(str, seen)))
def load(folder):
    seen[:] = [int(one) for one in (folder / "seen").read_text().split(",")]
    print("loaded", folder.name)
for step in spotproof.steps(${call}):
    ${body}
    seen.append(step)
print(seen)
`;

const ALL_TEN = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n";

describe.runIf(PYTHON_IS_THERE)("steps without Spotproof (needs Python)", () => {
  test("are a plain loop, which says once that nothing is kept", async () => {
    const { status, out, err } = await python.run(
      program("spotproof.progress(step); spotproof.interrupted(); assert spotproof.checkpoint() is None"),
    );
    expect({ status, out }).toEqual({ status: 0, out: ALL_TEN });
    expect(err).toMatch(/^spotproof: not started by `spotproof run`: .*\n$/);
    expect(readdirSync(python.folder)).toEqual([]);
  });

  test("leave SIGTERM alone", async () => {
    const end = await python.run(program("os.kill(os.getpid(), signal.SIGTERM)"));
    expect(end.status).toBe("SIGTERM");
  });

  test("are counted by what asks for their number", async () => {
    expect((await python.run("import spotproof; print(len(spotproof.steps(10, start=3)))")).out).toBe("7\n");
  });
});

describe.runIf(PYTHON_IS_THERE)("the state that steps keep (needs Python)", () => {
  test("after a crash the next start goes on after the last saved step", async () => {
    const crashed = await python.run(program('step == 7 and sys.exit("crash")'), { environment: kept() });
    expect(crashed.status).toBe(1);
    expect(states()).toEqual(["step-000000000005"]);
    const next = await python.run(program("pass"), { environment: kept() });
    expect(next).toMatchObject({ status: 0, out: `loaded step-000000000005\n${ALL_TEN}` });
    expect(states()).toEqual(["step-000000000010"]);
    const again = await python.run(program("sys.exit('a step of a finished loop')"), { environment: kept() });
    expect(again).toMatchObject({ status: 0, out: `loaded step-000000000010\n${ALL_TEN}` });
  });

  test("holds files, folders and the position, and lists them", async () => {
    await python.start([pythonJob("chain.py"), "7", "0"], { environment: kept() }).ended;
    const state = join(folder(), "steps", "step-000000000007");
    const manifest = JSON.parse(readFileSync(join(state, "spotproof.json"), "utf8")) as { files: object };
    expect(manifest).toMatchObject({ format: 1, step: 7, total: 7 });
    expect(Object.keys(manifest.files).sort()).toEqual([
      "chain.txt",
      "done.json",
      "more/ballast",
      "spotproof-random.pickle",
    ]);
  });

  test("is saved by time, too", async () => {
    await python.run(program("time.sleep(0.02)", "10, seconds=0.05, save=save, load=load"), {
      environment: kept(),
    });
    const end = await python.run(
      program(
        "time.sleep(0.06); step == 3 and sys.exit(1)",
        "10, seconds=0.05, save=save, load=load, name='b'",
      ),
      { environment: kept() },
    );
    expect(end.status).toBe(1);
    expect(readdirSync(join(folder(), "b"))).toEqual(["step-000000000003"]);
  });

  test("a step after which the loop is left early is not counted as done", async () => {
    await python.run(program("if step == 5: break"), { environment: kept() });
    expect(states()).toEqual(["step-000000000005"]);
  });

  test("half-written and half-removed states are cleaned away, and of two states the later counts", async () => {
    await python.run(program("step == 7 and sys.exit(1)"), { environment: kept() });
    for (const name of [".saving-000000000008", ".removing-step-000000000002", "step-000000000003"])
      mkdirSync(join(folder(), "steps", name, "deep"), { recursive: true });
    writeFileSync(join(folder(), "steps", "notes"), "the user's own");
    const next = await python.run(program("step == 7 and sys.exit(1)"), { environment: kept() });
    expect(next.out).toMatch(/^loaded step-000000000005/);
    expect(states().toSorted()).toEqual(["notes", "step-000000000005"]);
  });

  test.each([
    [
      "load raises",
      "def load(folder): raise KeyError('weights')",
      /LoadFailed: load\(.*step-000000000005'\), the state after 5 steps, raised KeyError: 'weights'/,
    ],
  ])("%s: the error says which state, and nothing begins from the start", async (_name, load, words) => {
    await python.run(program("step == 7 and sys.exit(1)"), { environment: kept() });
    const next = await python.run(program("pass").replace("for step", `${load}\nfor step`), {
      environment: kept(),
    });
    expect(next).toMatchObject({ status: 1, out: "" });
    expect(next.err).toMatch(words);
    expect(states()).toEqual(["step-000000000005"]);
  });

  test.each([
    [
      "a file is missing",
      (state: string) => spawnSync("rm", [join(state, "seen")]),
      /not as it was saved: seen missing/,
    ],
    [
      "a file is cut",
      (state: string) => writeFileSync(join(state, "seen"), "0,1"),
      /not as it was saved: seen/,
    ],
    [
      "its list is torn",
      (state: string) => writeFileSync(join(state, "spotproof.json"), '{"format'),
      /is no complete state/,
    ],
    [
      "it was renamed",
      (state: string) => spawnSync("mv", [state, state.replace(/05$/, "06")]),
      /it was renamed/,
    ],
  ])("%s: it is refused, and nothing begins from the start", async (_name, harm, words) => {
    await python.run(program("step == 7 and sys.exit(1)"), { environment: kept() });
    harm(join(folder(), "steps", "step-000000000005"));
    const next = await python.run(program("pass"), { environment: kept() });
    expect(next).toMatchObject({ status: 1, out: "" });
    expect(next.err).toMatch(words);
    expect(next.err).toMatch(/remove it to begin from the start/);
  });

  test("a save that writes nothing is an error that says so", async () => {
    const end = await python.run(program("pass").replace('(folder / "seen").write_text', "str"), {
      environment: kept(),
    });
    expect(end.status).toBe(1);
    expect(end.err).toMatch(/SaveFailed: .*save returned without having written anything/);
  });

  test("a save that raises ends the job, keeps the state before and leaves nothing half-written", async () => {
    const text = program("pass").replace("(folder /", "len(seen) > 5 and [][0]\n    (folder /");
    const end = await python.run(text, { environment: kept() });
    expect(end.status).toBe(1);
    expect(end.err).toMatch(
      /SaveFailed: the state after 10 steps could not be saved in .*: IndexError: .* \(the state after 5 is kept\)/,
    );
    expect(states()).toEqual(["step-000000000005"]);
  });

  test("a second loop of the same name would skip its steps: it is refused", async () => {
    const end = await python.run(
      `${program("pass")}\nfor step in spotproof.steps(3, save=save, load=load): print(step)`,
      { environment: kept() },
    );
    expect(end).toMatchObject({ status: 1, out: ALL_TEN });
    expect(end.err).toMatch(/give each loop a name of its own/);
    const named = await python.run(
      `${program("pass", "10, save=save, load=load, name='train'")}\nfor step in spotproof.steps(3, save=save, load=load, name='test'): print(step)`,
      { environment: kept() },
    );
    expect(named).toMatchObject({ status: 0, out: `${ALL_TEN}0\n1\n2\n` });
  });

  test("two loops that save in the same place at the same time are found out", async () => {
    const end = await python.run(
      program(
        "[one for one in spotproof.steps(4, every=1, save=save, load=load)]",
        "10, every=1, save=save, load=load",
      ).replace("seen = []", "seen = [7]"),
      { environment: kept() },
    );
    expect(end.status).toBe(1);
    expect(end.err).toMatch(/another loop or process saves there/);
  });

  test("a loop that was left by an exception goes on in the same program", async () => {
    const text = program("pass").replace(
      /for step[^]*$/,
      `
for turn in (1, 2):
    try:
        for step in spotproof.steps(10, every=5, save=save, load=load):
            if step == 7 and turn == 1: raise MemoryError("try smaller batches")
            seen.append(step)
    except MemoryError as error:
        print(error)
print(seen)
`,
    );
    const end = await python.run(text, { environment: kept() });
    expect(end).toMatchObject({
      status: 0,
      out: `try smaller batches\nloaded step-000000000005\n${ALL_TEN}`,
    });
  });

  test.each([
    ["10, save=save", /give both save and load/],
    ["10, every=0", /every is a whole number/],
    ["10, seconds=0", /seconds is more than 0/],
    ["10, start=-1", /start is a whole number/],
    ["2.5", /float/],
    ["10, name='../x'", /name is made of/],
    ["10, on_interruption='save'", /on_interruption is/],
  ])("steps(%s) is refused at once", async (call, words) => {
    const end = await python.run(program("pass", call));
    expect(end.status).toBe(1);
    expect(end.err).toMatch(words);
  });

  test("a rank that does not save loads, and neither saves nor cleans", async () => {
    await python.run(program("step == 7 and sys.exit(1)"), { environment: kept() });
    mkdirSync(join(folder(), "steps", ".saving-000000000006"));
    const end = await python.run(program("pass"), { environment: { ...kept(), RANK: "1" } });
    expect(end).toMatchObject({ status: 0, out: `loaded step-000000000005\n${ALL_TEN}` });
    expect(states().toSorted()).toEqual([".saving-000000000006", "step-000000000005"]);
  });

  test("a step that takes longer than an interruption leaves is named once", async () => {
    const text = program("time.sleep(0.03)").replace(
      "seen = []",
      "seen = []\nspotproof.WINDOW_SECONDS = 0.02",
    );
    const { err } = await python.run(text, { environment: kept() });
    expect(err.match(/a step took 0 s, but an interruption leaves 0 s/g)).toHaveLength(1);
  });
});

const mayMount =
  process.platform === "linux" &&
  spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

describe.runIf(PYTHON_IS_THERE && mayMount)("C20: a full disk (needs Python, and the right to mount)", () => {
  const onSmallDisk = (text: string): { status: number | null; stdout: string; stderr: string } => {
    mkdirSync(folder());
    const script = `mount -t tmpfs -o size=400k none "${folder()}" && exec python3 -c "$0"`;
    return spawnSync("unshare", ["--mount", "sh", "-c", script, text], {
      encoding: "utf8",
      env: { ...process.env, ...kept(), PYTHONPATH: resolve("python"), PYTHONDONTWRITEBYTECODE: "1" },
    });
  };
  // From step 4 to 8 the state is larger than what is left of the disk.
  const growing = program("pass", "10, every=2, save=save, load=load").replace(
    '(folder / "seen")',
    '(folder / "ballast").write_bytes(b"x" * (500_000 if 4 <= len(seen) < LARGE else 1000))\n    (folder / "seen")',
  );

  test("fails the save and not the job; the state before is kept, and a later save takes place", () => {
    const text = `${growing.replace("LARGE", "8")}\nprint(os.listdir(os.environ["SPOTPROOF_CHECKPOINT"] + "/steps"))`;
    const { status, stdout, stderr } = onSmallDisk(text);
    expect(
      stderr.match(/No space left on device \(the state after 2 is kept\). The job goes on./g),
    ).toHaveLength(2);
    expect(stdout).toBe(`${ALL_TEN}['step-000000000010']\n`);
    expect(status).toBe(0);
  });

  test("fails the job when it is the last save: E1, no success before the result is kept", () => {
    const { status, stderr } = onSmallDisk(growing.replace("LARGE", "80"));
    expect(stderr).toMatch(/SaveFailed: the state after 10 steps could not be saved/);
    expect(status).toBe(1);
  });
});

const hasMypy = spawnSync("python3", ["-m", "mypy", "--version"]).status === 0;

test.skipIf(!hasMypy)("spotproof.py has whole and right types (needs mypy)", () => {
  const words = ["-m", "mypy", "--strict", "--cache-dir", "/dev/null", "python/spotproof.py"];
  const { status, stdout } = spawnSync("python3", words, { encoding: "utf8" });
  expect(status, stdout).toBe(0);
});

describe.each(PYTHONS)("on Python $version", ({ program: executable }) => {
  test("a loop that crashed goes on, with the state of the random generator", async () => {
    const run = (steps: string, environment: Record<string, string>) =>
      python.start([pythonJob("chain.py"), steps, "0"], { program: executable, environment }).ended;
    const alone = await run("12", {});
    await run("8", kept());
    const next = await run("12", kept());
    expect(next).toMatchObject({ status: 0, err: "" });
    expect(next.out).toMatch(/^going on after step 8\nstep 9\n/);
    expect(next.out.split("\n").at(-2)).toBe(alone.out.split("\n").at(-2));
  });
});
