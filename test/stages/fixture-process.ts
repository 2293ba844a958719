import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";

/** What a process of a fixture has said and how it ended. */
export interface FixtureAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a fixture. */
export interface FixtureProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<FixtureAnswer>;
  /** Resolves when the process has written this; rejects when it ends before. */
  says(text: string): Promise<void>;
}

/** A program of the tests, bundled for plain Node: Node 20 cannot run TypeScript. */
export interface FixtureProgram {
  /** Where the bundle is. */
  readonly folder: string;
  start(words: readonly string[], launcher?: readonly string[]): FixtureProcess;
  /** Ends all of its processes and removes the bundle. */
  close(): Promise<void>;
}

/** Bundles the fixture in a file of the sources; what is in `external` it finds from the working folder, if at all. */
export async function bundleFixture(
  source: string,
  external: readonly string[] = [],
): Promise<FixtureProgram> {
  const folder = await fs.mkdtemp(join(tmpdir(), "spotproof-fixture-"));
  await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    ssr: { external: [...external] },
    build: {
      ssr: source,
      outDir: folder,
      emptyOutDir: false,
      // As strict as a bundle of a user's may be: nothing may rest on the names of functions.
      minify: true,
      rollupOptions: { output: { entryFileNames: "fixture.mjs" } },
    },
  });
  const running = new Set<FixtureProcess>();
  return {
    folder,
    start(words, launcher = []) {
      const [command = "", ...rest] = [...launcher, process.execPath, join(folder, "fixture.mjs"), ...words];
      const started = watch(spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] }));
      running.add(started);
      const forget = (): boolean => running.delete(started);
      started.ended.then(forget, forget);
      return started;
    },
    async close() {
      for (const { child } of running) child.kill("SIGKILL");
      await Promise.allSettled([...running].map(({ ended }) => ended));
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}

function watch(child: ChildProcess): FixtureProcess {
  let [stdout, stderr] = ["", ""];
  const listeners = new Set<() => void>();
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<FixtureAnswer>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const listener = (): void => {
        if (!stdout.includes(text)) return;
        listeners.delete(listener);
        resolve();
      };
      listeners.add(listener);
      listener();
      ended.then(({ stderr: why }) => reject(new Error(`it ended without "${text}": ${why}`)), reject);
    });
  return { child, ended, says };
}
