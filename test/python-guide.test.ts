import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { shellLines } from "./documentation/shell-lines.ts";
import { useBench } from "./end-to-end/run-spotproof.ts";
import { ANNOUNCED, type FakeChannel, openFakeChannel } from "./python/fake-channel.ts";
import { PYTHON_IS_THERE } from "./python/pythons.ts";

// Every program of docs/guides/python.md is run as it stands there: alone, and interrupted after each of its first steps.
// Both must say the same in the end. PyTorch, Keras and Lightning are stand-ins; scikit-learn is itself.

const PAGE = "docs/guides/python.md";
const text = readFileSync(PAGE, "utf8");
const STAND_INS = resolve("test/python/stand-ins");

const programs = [...text.matchAll(/^```python\n# (\S+\.py)\n([^]*?)^```$/gm)].map((match) => ({
  name: match[1] ?? "",
  program: match[2] ?? "",
}));

/** What a program cannot do without. */
const NEEDS: Readonly<Record<string, string>> = { "sgd.py": "sklearn", "fit.py": "numpy" };
const canImport = (module: string): boolean => spawnSync("python3", ["-c", `import ${module}`]).status === 0;

const bench = useBench();
const opened: FakeChannel[] = [];
afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.close();
});

/** Puts all programs, and `spotproof.py` as the guide says, into the bench's folder. */
async function prepare(): Promise<void> {
  for (const { name, program } of programs) writeFileSync(join(bench.folder, name), program);
  expect((await bench.run(["init", "python"])).status).toBe(0);
}

function start(
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ status: number; out: string }> {
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    PYTHONPATH: STAND_INS,
    PYTHONDONTWRITEBYTECODE: "1",
    ...environment,
  };
  return new Promise((done) => {
    execFile("python3", [name], { cwd: bench.folder, env, timeout: 60_000 }, (error, stdout, stderr) => {
      const status = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
      done({ status, out: status === 0 || status === 75 ? stdout : stdout + stderr });
    });
  });
}

test("the guide has programs for each way that it names", () => {
  expect(programs.map(({ name }) => name)).toEqual([
    "plain.py",
    "walk.py",
    "calls.py",
    "sgd.py",
    "train.py",
    "fit.py",
    "lit.py",
  ]);
  expect(text.match(/^```python$/gm)).toHaveLength(programs.length);
});

describe.runIf(PYTHON_IS_THERE).each(programs)("$name (needs Python)", ({ name }) => {
  const needed = NEEDS[name];
  test.skipIf(needed !== undefined && !canImport(needed))(
    `says the same after three interruptions as without${needed === undefined ? "" : ` (needs ${needed})`}`,
    { timeout: 120_000 },
    async () => {
      await prepare();
      const alone = await start(name);
      expect(alone.status).toBe(0);
      if (name === "calls.py") return expect(alone.out).toBe("None False None\n");
      const channel = await openFakeChannel(bench.folder);
      opened.push(channel);
      const kept = { ...channel.environment, SPOTPROOF_CHECKPOINT: join(bench.folder, "ckpt") };
      channel.answer("GET /interruption", ANNOUNCED);
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        expect((await start(name, kept)).status).toBe(75);
        expect(channel.calls.findLast((call) => call.startsWith("POST /progress"))).toContain(
          `"done": ${attempt},`,
        );
      }
      channel.answer("GET /interruption", { status: 404 });
      expect(await start(name, kept)).toEqual(alone);
      // Done, it says its result again.
      expect(await start(name, kept)).toEqual(alone);
    },
  );
});

describe.runIf(PYTHON_IS_THERE)("the commands of the guide (need Python)", () => {
  test("work as written", async () => {
    for (const { name, program } of programs) writeFileSync(join(bench.folder, name), program);
    const lines = shellLines(text);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      const words = /^npx spotproof (.*)$/.exec(line)?.[1]?.split(" ");
      const end = await bench.run(words ?? [], { environment: { PYTHONDONTWRITEBYTECODE: "1" } });
      expect(end.status, end.stderr).toBe(0);
      if (line.includes("plain.py")) expect(end.stdout).toBe("sum 328350\n");
    }
  });
});
