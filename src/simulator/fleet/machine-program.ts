import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { type Clock, reasonOf, systemErrorCode } from "../../base/index.ts";
import type { ProcessTable } from "../../supervisor/index.ts";
import type { ProgramEnd, ProgramOptions, RunningProgram } from "./machine.ts";
import { OutputLines } from "./output-lines.ts";

/** How a program is brought onto its machine. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** On this computer. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /**
   * What is started is a starter that begets the program as its only child, in the machine's namespaces, says `STARTED`
   * on its standard error before, and ends as the program does. The program's standard error is then number 3.
   */
  readonly byStarter: boolean;
}

/** What a starter says when what comes next is the program itself. */
export const STARTED = "started";

/** What a program still has to say when it has ended is waited for so long: a daemon of its may hold the pipe for ever. */
const LAST_OUTPUT_MS = 250;
/** How long a signal waits for a program that is just being started. */
const START_LIMIT_MS = 2000;

/** A program that was started, for its machine. */
export interface LaunchedProgram extends RunningProgram {
  /** The first process, or its starter; undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Stops listening: whoever holds the pipes still is none of ours. */
  release(): void;
}

/** Starts a program in a session of its own. */
export function launchProgram(
  launch: Launch,
  options: ProgramOptions,
  system: { readonly clock: Clock; readonly processes: ProcessTable },
): LaunchedProgram {
  const onLine = limitOutput(options);
  let child: ChildProcess;
  try {
    child = spawn(launch.file, launch.args, {
      cwd: launch.folder,
      env: launch.environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", ...(launch.byStarter ? ["pipe" as const] : [])],
    });
  } catch (error) {
    const ended = Promise.resolve(notStarted(launch.file, error, onLine));
    return { pid: undefined, ended, signal: () => Promise.resolve(false), release: () => undefined };
  }
  const said: string[] = [];
  const streams = readAll(child, launch, onLine, said);
  const ended = endOf(child, launch, { clock: system.clock, said, streams, onLine });
  return {
    pid: child.pid,
    ended,
    signal: (name) => sendSignal(child, launch, name, system),
    release: () => {
      for (const stream of child.stdio) stream?.destroy();
    },
  };
}

type OnLine = ProgramOptions["onLine"];

function limitOutput({ onLine, outputLimit = Number.POSITIVE_INFINITY }: ProgramOptions): OnLine {
  let left = outputLimit;
  return (stream, line) => {
    if (left < 0) return;
    left -= line.length + 1;
    if (left >= 0) onLine(stream, line);
    else onLine(stream, `… the rest of the output is left out, after ${outputLimit} characters`);
  };
}

function readAll(
  child: ChildProcess,
  launch: Launch,
  onLine: OnLine,
  said: string[],
): readonly OutputLines[] {
  const starter = (line: string): void => {
    if (said.length < 20) said.push(line);
  };
  const error = (line: string): void => onLine("stderr", line);
  const readers = [
    { stream: child.stdout, onText: (line: string): void => onLine("stdout", line) },
    { stream: child.stderr, onText: launch.byStarter ? starter : error },
    ...(launch.byStarter ? [{ stream: child.stdio[3] as Readable, onText: error }] : []),
  ];
  return readers.flatMap(({ stream, onText }) =>
    stream === null ? [] : new OutputLines(onText).read(stream),
  );
}

function endOf(
  child: ChildProcess,
  launch: Launch,
  {
    clock,
    said,
    streams,
    onLine,
  }: {
    readonly clock: Clock;
    readonly said: readonly string[];
    readonly streams: readonly OutputLines[];
    readonly onLine: OnLine;
  },
): Promise<ProgramEnd> {
  const closed = new AbortController();
  child.once("close", () => closed.abort());
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(notStarted(launch.file, error, onLine)));
    child.once("exit", (status, signal) => {
      void clock.sleep(LAST_OUTPUT_MS, closed.signal).then(() => {
        for (const stream of streams) stream.flush();
        resolve(launch.byStarter ? endByStarter({ status, signal }, said, onLine) : { status, signal });
      });
    });
  });
}

/** A starter cannot kill itself as its program was killed (util-linux 2.38 and others): it complains, and ends with 1. */
function endByStarter(end: ProgramEnd, said: readonly string[], onLine: OnLine): ProgramEnd {
  const [first, ...complaints] = said;
  if (first !== STARTED) {
    for (const line of said) onLine("stderr", line);
    return end.signal === null ? { status: 126, signal: null } : end;
  }
  return end.status === 1 && complaints.length > 0 ? { status: null, signal: "SIGKILL" } : end;
}

function notStarted(file: string, error: unknown, onLine: OnLine): ProgramEnd {
  const isMissing = ["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "");
  onLine("stderr", `${file}: ${isMissing ? "not found" : reasonOf(error)}`);
  return { status: isMissing ? 127 : 126, signal: null };
}

async function sendSignal(
  child: ChildProcess,
  launch: Launch,
  name: NodeJS.Signals,
  { clock, processes }: { readonly clock: Clock; readonly processes: ProcessTable },
): Promise<boolean> {
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const limit = clock.now() + START_LIMIT_MS;
  while (child.pid !== undefined && !hasEnded() && clock.now() <= limit) {
    const pid = launch.byStarter
      ? processes.list().find((entry) => entry.parentPid === child.pid && !entry.zombie)?.pid
      : child.pid;
    if (pid !== undefined) return processes.signal(pid, name) === "sent";
    await clock.sleep(5);
  }
  return false;
}
