import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "vite";
import { shellLines } from "./documentation/shell-lines.ts";

// Every program of docs/guides/sdk.md is compiled, strictly, and run as a user would: with the built package in its
// node_modules. Once in peace, and once interrupted again and again; both must say the same in the end.

const PAGE = "docs/guides/sdk.md";
const text = readFileSync(PAGE, "utf8");
const programs = [...text.matchAll(/^```ts\n\/\/ (\S+)\.ts\n([^]*?)^```$/gm)].map((match) => ({
  name: match[1] ?? "",
  program: match[2] ?? "",
}));

/** Within the repository, so that its types and modules are found. */
const ROOT = resolve("examples", "build");
let folder: string;

beforeAll(async () => {
  mkdirSync(ROOT, { recursive: true });
  folder = mkdtempSync(join(ROOT, "sdk-guide-"));
  for (const { name, program } of programs) writeFileSync(join(folder, `${name}.ts`), program);
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      ssr: true,
      target: "node20",
      outDir: join(folder, "built"),
      minify: false,
      rollupOptions: {
        input: Object.fromEntries(programs.map(({ name }) => [name, join(folder, `${name}.ts`)])),
        output: { format: "es", entryFileNames: "[name].js" },
        external: ["spotproof", "spotproof/testing"],
      },
    },
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("each program of the guide has a name, and there is one for each subject", () => {
  expect(text.match(/^```ts$/gm)).toHaveLength(programs.length);
  expect(programs.map(({ name }) => name)).toEqual([
    "fit",
    "shapes",
    "epochs",
    "thumbnails",
    "once",
    "decide",
    "files",
    "fit.test",
  ]);
});

test("the programs compile, as strictly as can be", async () => {
  const config = {
    extends: resolve("tsconfig.json"),
    compilerOptions: {
      rootDir: resolve("."),
      paths: {
        spotproof: [resolve("src/index.ts")],
        "spotproof/testing": [resolve("src/testing/index.ts")],
      },
    },
    include: [],
    files: programs.map(({ name }) => join(folder, `${name}.ts`)),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { out } = await run(
    process.execPath,
    [resolve("node_modules/typescript/bin/tsc"), "-p", folder],
    ".",
  );
  expect(out).toBe("");
});

describe("in a project of a user's", () => {
  const jobs = programs.map(({ name }) => name).filter((name) => !name.endsWith(".test"));
  test.each(jobs)("%s says the same when it is interrupted", async (name) => {
    const peaceful = await untilDone(project(), name, false);
    const interrupted = await untilDone(project(), name, true);
    expect(interrupted.said).toBe(peaceful.said);
    expect(peaceful.lives).toBe(1);
    if (name === "fit") expect(interrupted.lives).toBeGreaterThan(1);
  });

  test("the tests of a job pass", async () => {
    const { status, out } = await run(process.execPath, ["--test", "fit.test.js"], project());
    expect(status, out).toBe(0);
    expect(out).toMatch(/^# pass 2$/m);
  });

  test("the commands of the guide work as they stand there", async () => {
    const lines = shellLines(text);
    expect(lines).toHaveLength(2);
    const place = project();
    for (const line of lines) {
      const { status, out } = await run("bash", ["-c", line], place);
      expect(status, `${line}\n${out}`).toBe(0);
    }
  });
});

/** A folder as `npm install spotproof` leaves it, with the programs of the guide. */
function project(): string {
  const place = mkdtempSync(join(folder, "project-"));
  mkdirSync(join(place, "node_modules", ".bin"), { recursive: true });
  symlinkSync(resolve("."), join(place, "node_modules", "spotproof"));
  // As npm makes it: a file that can be executed.
  const bin = join(place, "node_modules", ".bin", "spotproof");
  writeFileSync(bin, `#!/bin/sh\nexec node ${resolve("dist/cli/main.js")} "$@"\n`, { mode: 0o755 });
  writeFileSync(join(place, "package.json"), JSON.stringify({ type: "module" }));
  for (const { name } of programs) {
    writeFileSync(join(place, `${name}.js`), readFileSync(join(folder, "built", `${name}.js`)));
  }
  return place;
}

/** Starts a program until it is done. With `interrupt` its machine goes away some time after it began, again and again. */
async function untilDone(
  place: string,
  name: string,
  interrupt: boolean,
): Promise<{ readonly said: string; readonly lives: number }> {
  for (let lives = 1; lives <= 20; lives += 1) {
    const program = spawn(process.execPath, [`${name}.js`], {
      cwd: place,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let trouble = "";
    program.stdout.on("data", (piece: Buffer) => (said += piece.toString()));
    program.stderr.on("data", (piece: Buffer) => {
      trouble += piece.toString();
      // It has begun to work: from now on it hears.
      if (interrupt && lives <= 4 && /: begins|goes on from/.test(piece.toString())) {
        setTimeout(() => program.kill("SIGTERM"), 100 * lives);
      }
    });
    const status = await new Promise((done) => program.on("close", done));
    // An interruption may come when all is done but for the last save: what is said of it is no result.
    const lines = said.trim().split("\n");
    if (status === 0) return { said: lines.findLast((line) => !line.includes("ms left")) ?? "", lives };
    expect(status, trouble).toBe(75);
  }
  throw new Error(`${name} was not done after twenty lives`);
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly status: number; readonly out: string }> {
  return new Promise((done) => {
    execFile(file, args, { cwd, timeout: 60_000 }, (error, stdout, stderr) =>
      done({
        status: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        out: stdout + stderr,
      }),
    );
  });
}
