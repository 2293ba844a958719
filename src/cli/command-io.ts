import { constants, hostname, tmpdir } from "node:os";
import type { Writable } from "node:stream";
import { isatty } from "node:tty";
import { SpotproofError, reasonOf, systemClock, systemErrorCode } from "../base/index.ts";
import { openPatientWriter } from "./patient-writer.ts";

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

/** Everything of the process that commands touch. Commands take it as a parameter, so that tests can run them whole. */
export interface CommandIo {
  /** Results. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
  /** Waits until results have arrived, however slowly they are read, and everything else, at most so long. */
  readonly drain: (limitMs: number) => Promise<void>;
  /** Why results are not where they were sent, such as a full disk; undefined while they are. Known after `drain`. */
  readonly outTrouble?: Error | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The words of the command line after the program's own name. */
  readonly typed: readonly string[];
  readonly errIsTerminal: boolean;
  readonly outIsTerminal: boolean;
  /** Cells of a line where results, and everything else, are shown; 100 where nobody tells. */
  readonly outColumns: number;
  readonly errColumns: number;
  /** Throws `bad-usage` when it was removed. */
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
  const out = streamWriter(() => process.stdout);
  const patient = openPatientWriter(STANDARD_ERROR, systemClock);
  return {
    // Node's streams are touched only when used: they change the mode of what the command inherits.
    out: out.write,
    err: patient?.write ?? streamWriter(() => process.stderr).write,
    async drain(limitMs) {
      await out.drain();
      await patient?.drain(limitMs);
    },
    get outTrouble() {
      return out.trouble();
    },
    environment: process.env,
    typed: process.argv.slice(2),
    errIsTerminal: isatty(STANDARD_ERROR),
    outIsTerminal: isatty(STANDARD_OUTPUT),
    get outColumns() {
      return columnsOf(STANDARD_OUTPUT, () => process.stdout);
    },
    get errColumns() {
      return columnsOf(STANDARD_ERROR, () => process.stderr);
    },
    get workingFolder() {
      return existingWorkingFolder();
    },
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

const USUAL_COLUMNS = 100;

/** A terminal knows its width; elsewhere `COLUMNS` may tell it. */
function columnsOf(descriptor: number, stream: () => NodeJS.WriteStream): number {
  const told = isatty(descriptor) ? stream().columns : Number(process.env["COLUMNS"]);
  return Number.isInteger(told) && told > 0 ? told : USUAL_COLUMNS;
}

function existingWorkingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new SpotproofError(
      "bad-usage",
      `The working folder does not exist any more (${reasonOf(error)}): change to one that does.`,
      { cause: error },
    );
  }
}

interface StreamWriter {
  readonly write: (text: string) => void;
  /** Resolves when everything is written, or nobody will read it, or it cannot be written. */
  readonly drain: () => Promise<void>;
  /** Why something could not be written; undefined when nobody was there to read it. */
  readonly trouble: () => Error | undefined;
}

/** Writes to a stream that is opened with the first word. What cannot be written is told by `trouble`, never thrown. */
export function streamWriter(stream: () => Writable): StreamWriter {
  let opened: Writable | undefined;
  let trouble: Error | undefined;
  return {
    write(text) {
      if (opened === undefined) {
        opened = stream();
        opened.on("error", (error: Error) => {
          if (!isReaderGone(error)) trouble ??= error;
        });
      }
      opened.write(text);
    },
    drain: () =>
      new Promise((resolve) => (opened === undefined ? resolve() : opened.write("", () => resolve()))),
    trouble: () => trouble,
  };
}

/** A closed terminal or `| head` must not end a job: what we say is then lost, and nobody misses it. */
function isReaderGone(error: Error): boolean {
  const code = systemErrorCode(error);
  return code === "EPIPE" || code === "EIO";
}
