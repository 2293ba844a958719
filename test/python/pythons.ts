import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach } from "vitest";

// Starts Python programs that import `python/spotproof.py` as it is.

/** Whether this machine has a Python that the file supports. */
export const PYTHON_IS_THERE = versionOf("python3") !== undefined;

/** Every Python of this machine from 3.8 on: the one on the PATH first, then those that pyenv has. */
export const PYTHONS: readonly { readonly version: string; readonly program: string }[] = findPythons();

function findPythons() {
  const root = process.env["PYENV_ROOT"] ?? join(process.env["HOME"] ?? "/", ".pyenv");
  const versions = join(root, "versions");
  const others = existsSync(versions)
    ? readdirSync(versions).map((name) => join(versions, name, "bin", "python3"))
    : [];
  const found = new Map<string, string>();
  for (const program of ["python3", ...others]) {
    const version = versionOf(program);
    if (version !== undefined && !found.has(version)) found.set(version, program);
  }
  return [...found].map(([version, program]) => ({ version, program }));
}

function versionOf(program: string): string | undefined {
  const asked = spawnSync(program, ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"], {
    encoding: "utf8",
  });
  const [major = 0, minor = 0] = (asked.stdout ?? "").split(".").map(Number);
  return asked.status === 0 && major === 3 && minor >= 8 ? asked.stdout.trim() : undefined;
}

/** A program of this folder. */
export const pythonJob = (name: string): string => resolve("test/python", name);

/** What a Python program needs to find `spotproof.py`, and nothing of this process's job. */
export const PYTHON_ENVIRONMENT: Readonly<Record<string, string>> = {
  PYTHONPATH: resolve("python"),
  PYTHONDONTWRITEBYTECODE: "1",
};

/** How a program ended, and what it said. */
export interface PythonEnd {
  readonly status: number | NodeJS.Signals;
  readonly out: string;
  readonly err: string;
}

/** A started program. */
export interface StartedPython {
  readonly child: ChildProcess;
  readonly ended: Promise<PythonEnd>;
  /** Resolves when standard output matches; rejects when the program ends before. */
  untilSays(pattern: RegExp): Promise<void>;
}

export interface StartPython {
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A fresh folder for each test; programs that are still running after it are killed. */
export function usePython() {
  let folder = "";
  const started: StartedPython[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "spotproof-python-"));
  });
  afterEach(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    await Promise.all(started.splice(0).map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true });
  });
  const start = (words: readonly string[], options: StartPython = {}): StartedPython => {
    const program = startPython(words, folder, options);
    started.push(program);
    return program;
  };
  return {
    get folder() {
      return folder;
    },
    start,
    /** Runs a program, given as a text, to its end. */
    run: (text: string, options?: StartPython) => start(["-c", text], options).ended,
  };
}

function startPython(words: readonly string[], cwd: string, options: StartPython): StartedPython {
  const child = spawn(options.program ?? "python3", [...words], {
    cwd,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      ...PYTHON_ENVIRONMENT,
      ...options.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  const listeners = new Set<() => void>();
  child.stdout.on("data", (piece: Buffer) => {
    out += piece.toString("utf8");
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (piece: Buffer) => (err += piece.toString("utf8")));
  const ended = new Promise<PythonEnd>((done, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => done({ status: status ?? signal ?? -1, out, err }));
  });
  const untilSays = async (pattern: RegExp): Promise<void> => {
    const heard = new Promise<void>((done) => {
      const listen = (): void => void (pattern.test(out) && done());
      listeners.add(listen);
      listen();
    });
    await Promise.race([heard, ended]);
    if (!pattern.test(out)) throw new Error(`ended before it said ${pattern}:\n${out}\n${err}`);
  };
  return { child, ended, untilSays };
}
