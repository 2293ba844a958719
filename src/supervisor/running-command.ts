import { type ChildProcess, spawn } from "node:child_process";
import { type Clock, type MonotonicMs, reasonOf, systemErrorCode } from "../base/index.ts";
import type { CommandExit } from "./command-end.ts";
import type { Guardian } from "./process-tree/guardian.ts";
import type { ProcessTable } from "./process-tree/process-table.ts";
import { ProcessTree } from "./process-tree/process-tree.ts";

/** What starting a command takes. */
export interface CommandStart {
  readonly command: readonly [string, ...string[]];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A text that stands in `environment` and nowhere else. */
  readonly mark: string;
  readonly processes: ProcessTable;
  readonly guardian: Guardian;
  readonly ownPid: number;
  readonly clock: Clock;
}

/** A command that was started: the leader of its own session, with all its descendants. */
export interface RunningCommand {
  readonly pid: number;
  readonly tree: ProcessTree;
  /** Resolves when the first process has ended. Never rejects. */
  readonly exit: Promise<CommandExit>;
}

/** Starts the command with our own standard input, output and error, untouched. */
export async function startCommand(start: CommandStart): Promise<RunningCommand | CommandExit> {
  const [file, ...args] = start.command;
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: start.workingFolder,
      env: start.environment,
      stdio: "inherit",
      detached: true,
    });
  } catch (error) {
    return notStarted(file, error);
  }
  const exit = new Promise<CommandExit>((resolve) => {
    child.once("exit", (status, signal) => {
      if (status !== null) resolve({ kind: "exited", status });
      else if (signal !== null) resolve({ kind: "signalled", signal });
    });
    child.once("error", (error) => resolve(notStarted(file, error)));
  });
  if (child.pid === undefined) return exit;
  start.guardian.guard(child.pid);
  const tree = new ProcessTree({
    table: start.processes,
    clock: start.clock,
    leaderPid: child.pid,
    mark: start.mark,
    notOurs: new Set([start.ownPid]),
  });
  return { pid: child.pid, tree, exit };
}

function notStarted(file: string, error: unknown): CommandExit {
  const code = systemErrorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const hint = file.includes("/")
      ? "no such file, or the interpreter in its first line is missing"
      : "not found on the PATH";
    return { kind: "not-started", code: "command-not-found", detail: `"${file}": ${hint}.` };
  }
  return { kind: "not-started", code: "command-not-executable", detail: `"${file}": ${reasonOf(error)}.` };
}

/** How a command is asked, and made, to end. */
export interface StopOrder {
  /** Sent first. */
  readonly signal: NodeJS.Signals;
  readonly to: "leader" | "group";
  /** Sent to all at half of the time, when `to` is the leader or when it is another signal than the first (S05). */
  readonly afterwards: NodeJS.Signals;
  /** When asking is over; asked for again and again, since a deadline may move. */
  readonly killAtMs: () => MonotonicMs;
  /** Aborts to kill at once. */
  readonly killNow: AbortSignal;
}

/** What had to be killed after asking. */
export interface StopReport {
  readonly killed: readonly string[];
}

/** How long killing may take: only processes that hang in the kernel take longer than moments. */
const KILL_LIMIT_MS = 10_000;

/** Asks every process of the command to end, waits, and kills what is left. Resolves when none is alive (I4, S08). */
export async function stopCommand(
  running: RunningCommand,
  order: StopOrder,
  start: Pick<CommandStart, "clock">,
): Promise<StopReport> {
  const { clock } = start;
  const askedAtMs = clock.now();
  let askedAll = order.to === "group" && order.signal === order.afterwards;
  running.tree.ask(order.signal, order.to);
  for (;;) {
    const killAtMs = order.killAtMs();
    if (order.killNow.aborted || clock.now() >= killAtMs) break;
    const halfMs = (askedAtMs + killAtMs) / 2;
    const left = await running.tree.waitUntilEmpty(
      Math.min(500, (askedAll ? killAtMs : halfMs) - clock.now()),
      order.killNow,
    );
    if (left.length === 0) return { killed: [] };
    if (!askedAll && clock.now() >= halfMs) {
      running.tree.ask(order.afterwards, "group");
      askedAll = true;
    }
  }
  return { killed: await running.tree.killAll(KILL_LIMIT_MS) };
}
