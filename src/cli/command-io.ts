import { constants, hostname, tmpdir } from "node:os";
import { systemErrorCode } from "../base/index.ts";

/** Everything of the process that commands touch. Commands take it as a parameter, so that tests can run them whole. */
export interface CommandIo {
  /** Results. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly errIsTerminal: boolean;
  readonly workingFolder: string;
  readonly temporaryFolder: string;
  readonly host: string;
  readonly pid: number;
  readonly parentPid: number;
  readonly platform: NodeJS.Platform;
  readonly signalNumbers: Readonly<Record<string, number>>;
  /** Listens for a signal of the process; gives the function that ends that. */
  readonly onSignal: (signal: NodeJS.Signals, handler: () => void) => () => void;
}

/** The real process. */
export function processIo(): CommandIo {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", throwUnlessReaderIsGone);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    environment: process.env,
    errIsTerminal: process.stderr.isTTY,
    workingFolder: process.cwd(),
    temporaryFolder: tmpdir(),
    host: hostname(),
    pid: process.pid,
    parentPid: process.ppid,
    platform: process.platform,
    signalNumbers: constants.signals,
    onSignal(signal, handler) {
      process.on(signal, handler);
      return () => process.off(signal, handler);
    },
  };
}

/** A closed terminal or `| head` must not end a job: what we say is then lost, and nobody misses it. */
function throwUnlessReaderIsGone(error: Error): void {
  const code = systemErrorCode(error);
  if (code !== "EPIPE" && code !== "EIO") throw error;
}
