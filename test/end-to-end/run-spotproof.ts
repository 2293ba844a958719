import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";

/** The built command line: what users run. */
const MAIN = resolve("dist/cli/main.js");

/** Small programs that behave in one way each. */
export const jobFile = (name: string): string => resolve("test/jobs", name);

/** A started `spotproof`, with what it has written so far. */
export interface StartedSpotproof {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when standard output and error together match; rejects with both when the process ends before. */
  untilSays(pattern: RegExp): Promise<void>;
  /** The exit status, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** What a test starts lives in a folder of its own, and none of it may outlive the test. */
export interface Bench {
  /** A fresh empty folder. */
  readonly folder: string;
  start(args: readonly string[], options?: StartOptions): StartedSpotproof;
  /** Starts and waits for the end. */
  run(
    args: readonly string[],
    options?: StartOptions,
  ): Promise<{ status: number | NodeJS.Signals; stdout: string; stderr: string }>;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
  /** What stands before `node main.js`, for example `unshare --pid --fork`. */
  readonly prefix?: readonly string[];
  readonly uid?: number;
  /** Another copy of the command line than the one that was built. */
  readonly main?: string;
  readonly stdio?: "pipe" | "closed-output";
}

/** Gives every test of the file a bench; after each, fails when a process of the test is still alive. */
export function useBench(): Bench {
  let folder = "";
  let mark = "";
  const started: StartedSpotproof[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "spotproof-test-"));
    mark = randomBytes(8).toString("hex");
  });
  afterEach(async () => {
    for (const { child } of started)
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await Promise.all(started.splice(0).map((process) => process.ended));
    const left = await survivorsAfterAMoment(mark);
    rmSync(folder, { recursive: true, force: true });
    expect(left, "processes that outlived the test").toEqual([]);
  });
  const start = (args: readonly string[], options: StartOptions = {}): StartedSpotproof => {
    const process = startSpotproof(
      args,
      { ...options, workingFolder: options.workingFolder ?? folder },
      mark,
    );
    started.push(process);
    return process;
  };
  return {
    get folder() {
      return folder;
    },
    start,
    async run(args, options) {
      const process = start(args, options);
      const status = await process.ended;
      return { status, stdout: process.stdout(), stderr: process.stderr() };
    },
  };
}

/** Starts `spotproof`. `mark` is what its processes are found by; whoever starts it so looks for survivors himself. */
export function startSpotproof(
  args: readonly string[],
  options: StartOptions,
  mark: string,
): StartedSpotproof {
  const [file = "", ...rest] = [...(options.prefix ?? []), process.execPath, options.main ?? MAIN, ...args];
  mkdirSync(options.workingFolder ?? ".", { recursive: true });
  const child = spawn(file, rest, {
    cwd: options.workingFolder,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      TMPDIR: tmpdir(),
      AWS_EC2_METADATA_DISABLED: "true",
      SPOTPROOF_ALLOW_VOLATILE_STORE: "1",
      NO_COLOR: "1",
      SPOTPROOF_TEST: mark,
      ...options.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const said = { out: "", err: "" };
  const listeners = new Set<() => void>();
  const hear = (stream: "out" | "err") => (piece: Buffer) => {
    said[stream] += piece.toString("utf8");
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", hear("out"));
  child.stderr.on("data", hear("err"));
  if (options.stdio === "closed-output") child.stdout.destroy();
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? signal ?? -1));
  });
  const untilSays = async (pattern: RegExp): Promise<void> => {
    const matches = (): boolean => pattern.test(said.out + said.err);
    let listen = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      listen = () => matches() && resolve();
      listeners.add(listen);
      listen();
    });
    await Promise.race([heard, ended]);
    listeners.delete(listen);
    if (!matches())
      throw new Error(`ended with ${await ended} before it said ${pattern}:\n${said.out}\n${said.err}`);
  };
  return { child, pid: child.pid ?? 0, stdout: () => said.out, stderr: () => said.err, untilSays, ended };
}

/** Names of living processes that have this mark in their environment, under whichever name. */
function survivors(mark: string): readonly string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, "latin1").includes(`=${mark}`);
        return isOurs
          ? [`${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")} (pid ${pid})`]
          : [];
      } catch {
        // It ended between the listing and the look, or is not ours to look at.
        return [];
      }
    });
}

/** Survivors of a test. The guardian of a killed `spotproof` needs a moment to do its work: 20 ms for each look. */
export async function survivorsAfterAMoment(mark: string, looks = 100): Promise<readonly string[]> {
  for (let look = 0; look < looks; look += 1) {
    if (survivors(mark).length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return survivors(mark);
}
