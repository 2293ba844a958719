import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

/** Left to everybody else on the machine, whatever is measured. */
const SPARE_BYTES = 2 * 2 ** 30;
const TMPFS_MAGIC = 0x01021994;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ends the benchmark. Every workspace is removed on the way out. */
function leave(signal: NodeJS.Signals): void {
  process.stderr.write(`\nStopped by ${signal}.\n`);
  process.exit(130);
}

/** A folder for everything that the benchmark makes, and the processes that it started. All of it goes when it ends. */
export class Workspace {
  readonly folder: string;
  /** For every process: nothing but what is needed, and no configuration of whoever runs the benchmark. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #running = new Set<ChildProcess>();
  readonly #onExit = (): void => this.close();

  /** Makes a fresh folder below `base`. */
  constructor(base: string) {
    fs.mkdirSync(base, { recursive: true });
    this.folder = fs.mkdtempSync(join(base, "spotproof-bench-"));
    this.environment = {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      HOME: this.fresh("home"),
      LANG: "C.UTF-8",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    for (const signal of SIGNALS) process.off(signal, leave).on(signal, leave); // once, however many workspaces there are
    process.once("exit", this.#onExit);
  }

  /** An empty folder of this name, whatever was there. */
  fresh(name: string): string {
    const path = join(this.folder, name);
    fs.rmSync(path, { recursive: true, force: true });
    fs.mkdirSync(path);
    return path;
  }

  /** The path of something that does not exist, whatever was there. */
  absent(name: string): string {
    const path = join(this.folder, name);
    fs.rmSync(path, { recursive: true, force: true });
    return path;
  }

  /** Starts a program of ours that talks over its standard input and output. */
  start(
    argv: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const [file, ...args] = argv;
    const child = spawn(file, args, {
      env: { ...this.environment, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    });
    return this.#remember(child);
  }

  /** What a process writes until it ends. @throws Error when it does not end well */
  async untilEnd(child: ChildProcess): Promise<string> {
    this.#remember(child);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const status = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal));
    });
    if (status !== 0) throw new Error(`A process of the benchmark ended with ${status}.`);
    return output;
  }

  /** @throws Error when the folder has no room for so many bytes */
  requireRoom(bytes: number): void {
    const free = freeBytes(this.folder);
    if (free >= bytes) return;
    const [needed, there] = [bytes, free].map((value) => `${(value / 2 ** 30).toFixed(1)} GiB`);
    throw new Error(
      `${this.folder} has room for ${there}; ${needed} are needed. Name a larger one with SPOTPROOF_BENCH_DIR, or give a smaller --size.`,
    );
  }

  /** Ends what runs and removes everything. */
  close(): void {
    process.off("exit", this.#onExit);
    for (const child of this.#running) {
      if (child.pid === undefined) continue;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #remember(child: ChildProcess): ChildProcess {
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    return child;
  }
}

/** Room in a folder: of a folder in memory no more than the machine has. */
export function freeBytes(folder: string): number {
  const status = fs.statfsSync(folder);
  const free = status.bavail * status.bsize;
  return status.type === TMPFS_MAGIC ? Math.min(free, availableMemory() - SPARE_BYTES) : free;
}

/** Whether what is in this folder lies in memory. */
export function isInMemory(folder: string): boolean {
  return fs.statfsSync(folder).type === TMPFS_MAGIC;
}

function availableMemory(): number {
  const kib = /^MemAvailable:\s+(\d+)/m.exec(fs.readFileSync("/proc/meminfo", "utf8"))?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}
