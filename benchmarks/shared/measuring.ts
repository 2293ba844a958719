import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

/** What one piece of work took. */
export interface Sample {
  readonly wallMs: number;
  /** User and system time of the process and everything that it started and waited for. */
  readonly cpuMs: number;
  /** The largest resident set of any one of these processes. */
  readonly peakBytes: number;
}

/** A command to run as a whole process. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly folder: string;
  /** Beside PATH and a HOME that is empty. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** The exit status that is expected; of a signal its number below 0. Default 0. */
  readonly endsWith?: number | undefined;
}

// wait4() of the kernel is the one exact source for time and memory of a process, and Node does not offer it. The clock
// starts just before the process is made and stops when it has been waited for: the start of Python does not count.
const RUNNER = `
import json, os, sys, time
spec = json.loads(sys.argv[1])
os.chdir(spec["folder"])
null = os.open(os.devnull, os.O_RDWR)
log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
begun = time.monotonic()
pid = os.posix_spawnp(spec["argv"][0], spec["argv"], spec["environment"], file_actions=actions)
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic() - begun
print(json.dumps({
  "status": os.waitstatus_to_exitcode(status),
  "wallMs": wall * 1000,
  "cpuMs": (usage.ru_utime + usage.ru_stime) * 1000,
  "peakBytes": usage.ru_maxrss * 1024,
}))
`;

/** Runs a command and measures it as a whole process. @throws Error with its last words when it fails */
export async function measureCommand(workspace: Workspace, command: Command): Promise<Sample> {
  const log = join(workspace.folder, "last-words");
  const spec = {
    argv: command.argv,
    folder: command.folder,
    environment: { ...workspace.environment, ...command.environment },
    log,
  };
  const runner = spawn("python3", ["-S", "-c", RUNNER, JSON.stringify(spec)], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true, // a group of its own, so that Ctrl-C can end it with what it started
  });
  const output = await workspace.untilEnd(runner);
  const { status, ...sample } = JSON.parse(output) as Sample & { readonly status: number };
  if (status !== (command.endsWith ?? 0)) {
    const words = readFileSync(log, "utf8").trim().slice(-2000);
    throw new Error(`${command.argv.join(" ")} ended with ${status}: ${words}`);
  }
  return sample;
}
