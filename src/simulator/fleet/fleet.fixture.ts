import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { systemClock } from "../../base/index.ts";
import { prepareFleet } from "./fleet.ts";
import type { Fleet, FleetIsolation, FleetOptions, Machine, ProgramEnd, RunningProgram } from "./machine.ts";

/** Whether machines can have namespaces here: Linux, root, and a kernel that allows it. */
export const hasNamespaces =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "true"]).status === 0;

/** Folders for a fleet and the user's folder; removed when the test ends, after the fleet was closed. */
export interface FleetBench {
  readonly base: string;
  readonly workingFolder: string;
  readonly workspace: string;
  prepare(isolation: FleetIsolation, more?: Partial<FleetOptions>): Promise<Fleet>;
}

/** A program of a test, with what it has said so far. */
export interface HeardProgram extends RunningProgram {
  readonly lines: readonly string[];
  /** Resolves when it has said this line. */
  said(line: string): Promise<void>;
}

export function openFleetBench(
  environment: FleetOptions["environment"],
  place: string = tmpdir(),
): FleetBench {
  const base = realpathSync(mkdtempSync(join(place, "fleet ")));
  const [workingFolder, workspace] = [join(base, "work"), join(base, "rehearsal")];
  mkdirSync(workingFolder);
  mkdirSync(workspace);
  onTestFinished(() => rmSync(base, { recursive: true }));
  return {
    base,
    workingFolder,
    workspace,
    async prepare(isolation, more = {}) {
      const fleet = await prepareFleet({
        clock: systemClock,
        workspace,
        workingFolder,
        excluded: [],
        inputs: [],
        visible: [],
        environment,
        platform: process.platform,
        uid: process.getuid?.(),
        isolation,
        ...more,
      });
      onTestFinished(() => fleet.close());
      return fleet;
    },
  };
}

/** Starts a shell script on a machine. */
export function startScript(machine: Machine, script: string): HeardProgram {
  return startProgram(machine, ["/bin/sh", "-c", script]);
}

/** Starts a program on a machine, and listens. */
export function startProgram(machine: Machine, command: readonly [string, ...string[]]): HeardProgram {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const program = machine.start(command, {
    environment: {},
    onLine: (_, line) => {
      lines.push(line);
      for (const look of waiting) look();
    },
  });
  return {
    ended: program.ended,
    signal: (name) => program.signal(name),
    lines,
    said: (line) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!lines.includes(line)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Runs a shell script on a machine to its end. */
export async function runScript(
  machine: Machine,
  script: string,
): Promise<ProgramEnd & { readonly lines: readonly string[] }> {
  const program = startScript(machine, script);
  const end = await program.ended;
  return { ...end, lines: program.lines };
}

/** The command lines of all processes of this computer that hold a text. */
export function processesWith(text: string): readonly string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      if (line.includes(text)) found.push(`${pid} ${line}`);
    } catch (error) {
      // It has ended since the folder was read.
      if (!(error instanceof Error)) throw error;
    }
  }
  return found;
}

/** Waits until something holds, looking again and again. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(10);
}
