import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { killTree } from "./demo/processes.ts";

// Starts programs for the tests of the examples, and sees to it that none of them outlives its test.

/** How a program ended. */
export interface ProgramEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that a test has started. */
export class Program {
  /** What it wrote to standard output so far. */
  readonly lines: string[] = [];
  /** What it wrote to standard error so far. */
  readonly words: string[] = [];
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  #waiting: (() => void)[] = [];
  #hasEnded = false;

  constructor(
    command: readonly [string, ...string[]],
    cwd: string,
    environment: Readonly<Record<string, string>>,
  ) {
    const [file, ...words] = command;
    const env: NodeJS.ProcessEnv = { ...process.env, ...environment };
    const child = spawn(file, words, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.words.push(line));
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status, signal) => {
        this.#hasEnded = true;
        this.#wake();
        resolve({ status, signal });
      });
    });
  }

  /** Resolves with the first line that holds `text`; rejects when the program ends without it. */
  async hears(text: string): Promise<string> {
    for (;;) {
      const line = this.lines.find((line) => line.includes(text));
      if (line !== undefined) return line;
      if (this.#hasEnded) throw new Error(`It ended without "${text}":\n${this.everything()}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Sends a signal to the program itself. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kills the program and everything that it has started, without asking. */
  async killEverything(): Promise<void> {
    if (this.#child.pid !== undefined && !this.#hasEnded) await killTree(this.#child.pid);
    await this.ended;
  }

  /** All that it wrote, for the message of a failed test. */
  everything(): string {
    return [...this.lines, ...this.words].join("\n");
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** A place for the programs and folders of one test. */
export class Bench {
  readonly folder: string = mkdtempSync(join(tmpdir(), "spotproof-example-"));
  readonly #programs: Program[] = [];

  /** Starts a program in `cwd` (default: the bench's folder). */
  start(
    command: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>> = {},
    cwd: string = this.folder,
  ): Program {
    const program = new Program(command, cwd, environment);
    this.#programs.push(program);
    return program;
  }

  /** Ends what is still running and removes the folder. */
  async clear(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.killEverything()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The path of something in `examples/`. */
export function example(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Whether this machine has Python. */
const PYTHON_IS_THERE = spawnSync("python3", ["--version"]).status === 0;

/** Both languages of an example that counts; Python's is to be skipped where there is none. */
export function languagesOf(name: "breaks" | "survives") {
  return [
    { language: "Python", skipped: !PYTHON_IS_THERE, command: ["python3", example(`${name}/count.py`)] },
    {
      language: "TypeScript",
      skipped: false,
      command: [process.execPath, example(`build/${name}-count.js`)],
    },
  ] as const;
}
