import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/base/index.ts";
import { ProcessTree, systemProcessTable } from "../src/supervisor/index.ts";

// Starts programs for the tests of the examples, and sees to it that none of them outlives its test.

/** A variable by which everything that a program starts is known. Rehearsals hand it on to their machines. */
const MARK_NAME = "EXAMPLE_TEST_MARK";

/** How long everything together may take to be dead after SIGKILL. */
const LONGEST_KILL_MS = 5000;

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/** How a program ended. */
export interface ProgramEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const table = systemProcessTable(process.platform);

/** A program that a test has started. */
export class Program {
  /** What it wrote to standard output so far. */
  readonly lines: string[] = [];
  /** What it wrote to standard error so far. */
  readonly words: string[] = [];
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  readonly #mark: string;
  #waiting: (() => void)[] = [];
  #hasEnded = false;

  constructor(command: Command, cwd: string, environment: Readonly<Record<string, string>>) {
    const [file, ...words] = command;
    const mark = randomBytes(16).toString("hex");
    const env: NodeJS.ProcessEnv = { ...process.env, ...environment, [MARK_NAME]: mark };
    const child = spawn(file, words, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#mark = `${MARK_NAME}=${mark}`;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.words.push(line);
      this.#wake();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status, signal) => {
        this.#hasEnded = true;
        this.#wake();
        resolve({ status, signal });
      });
    });
  }

  /** Resolves with the first line of standard output that holds `text`; rejects when the program ends without it. */
  hears(text: string): Promise<string> {
    return this.#waitFor(text, this.lines);
  }

  /** The same for standard error. */
  tells(text: string): Promise<string> {
    return this.#waitFor(text, this.words);
  }

  async #waitFor(text: string, lines: readonly string[]): Promise<string> {
    for (;;) {
      const line = lines.find((line) => line.includes(text));
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
    const { pid } = this.#child;
    if (pid !== undefined && !this.#hasEnded) {
      const notOurs = new Set([process.pid]);
      const parts = { table, clock: systemClock, leaderPid: pid, mark: this.#mark, notOurs };
      await new ProcessTree(parts).killAll(LONGEST_KILL_MS);
    }
    await this.ended;
  }

  /** The names of processes that it has started, directly or not, and that are alive. Linux tells; elsewhere none is known. */
  stillRunning(): readonly string[] {
    const started = table.list().filter(({ pid, zombie }) => !zombie && table.startedWith(pid, this.#mark));
    return started.map(({ pid, name }) => `${name} (pid ${pid})`);
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
    command: Command,
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
export const PYTHON_IS_THERE = spawnSync("python3", ["--version"]).status === 0;

/** One language of an example that counts. */
export interface Variant {
  readonly language: "Python" | "TypeScript";
  /** This machine cannot run it. */
  readonly skipped: boolean;
  readonly command: Command;
}

/** Both languages of an example that counts; Python's is to be skipped where there is none. */
export function languagesOf(name: "breaks" | "survives"): readonly [Variant, Variant] {
  return [
    { language: "Python", skipped: !PYTHON_IS_THERE, command: ["python3", example(`${name}/count.py`)] },
    {
      language: "TypeScript",
      skipped: false,
      command: [process.execPath, example(`build/${name}-count.js`)],
    },
  ];
}
