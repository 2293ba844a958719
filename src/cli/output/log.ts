import type { CommandIo } from "../command-io.ts";
import { openLogFile } from "./log-file.ts";

/** Spotproof's own words, on standard error: the command's standard output is never touched. */
export interface Log {
  /** From now on lines name the job and the attempt. */
  forAttempt(job: string, attempt: number): void;
  info(event: string, message: string): void;
  warn(event: string, message: string): void;
  /** Only in JSON. */
  debug(event: string, message: string): void;
  /** What the run ends with, and why. Only in JSON: people are told by whoever ends the program. */
  failed(code: string, message: string): void;
  /** An event of the supervisor: its words for people, its data for machines. */
  event(event: string, words: EventWords, data: object): void;
}

/** How an event is said to people. */
export interface EventWords {
  readonly level: "info" | "warn" | "debug";
  readonly text: string;
}

/** Where the log goes. */
export interface LogOptions {
  /** Of the lines on standard error. */
  readonly format: "text" | "json";
  /** Absolute path of a file that gets every line as JSON too. */
  readonly file: string | undefined;
}

/**
 * Text for people, or one JSON object a line (pino's format); to the file, when there is one, always JSON.
 * @throws SpotproofError `bad-usage`, `disk-full` when the file cannot be written
 */
export async function createLog({ format, file }: LogOptions, io: CommandIo): Promise<Log> {
  if (file === undefined) return format === "json" ? jsonLog(io.err) : textLog(io);
  const said: Log[] = [];
  const toFile = openLogFile(file, (reason) => {
    for (const log of said)
      log.warn("log-file-trouble", `a line could not be added to ${file}; the job goes on: ${reason}`);
  });
  said.push(format === "json" ? await jsonLog(io.err) : await textLog(io));
  return both([...said, await jsonLog(toFile.write)]);
}

/** One log that says everything in several places. */
function both(logs: readonly Log[]): Log {
  return {
    forAttempt: (job, attempt) => logs.forEach((log) => log.forAttempt(job, attempt)),
    info: (event, message) => logs.forEach((log) => log.info(event, message)),
    warn: (event, message) => logs.forEach((log) => log.warn(event, message)),
    debug: (event, message) => logs.forEach((log) => log.debug(event, message)),
    failed: (code, message) => logs.forEach((log) => log.failed(code, message)),
    event: (event, words, data) => logs.forEach((log) => log.event(event, words, data)),
  };
}

async function textLog(io: CommandIo): Promise<Log> {
  const { default: colours } = await import("picocolors");
  const paint = colours.createColors(io.errIsTerminal && io.environment["NO_COLOR"] === undefined);
  let who = "";
  const line = (level: EventWords["level"], text: string): void => {
    if (level === "debug") return;
    const mark = level === "warn" ? paint.yellow("spotproof!") : paint.cyan("spotproof:");
    io.err(`${mark} ${who}${text}\n`);
  };
  return {
    forAttempt(job, attempt) {
      who = paint.dim(`[${job} #${attempt}] `);
    },
    info: (_event, message) => line("info", message),
    warn: (_event, message) => line("warn", message),
    debug: () => undefined,
    failed: () => undefined,
    event: (_event, words) => line(words.level, words.text),
  };
}

async function jsonLog(write: (line: string) => void): Promise<Log> {
  const { pino } = await import("pino");
  const root = pino({ base: null, level: "debug", timestamp: pino.stdTimeFunctions.isoTime }, { write });
  let logger = root;
  return {
    forAttempt(job, attempt) {
      logger = root.child({ job, attempt });
    },
    info: (event, message) => logger.info({ event }, message),
    warn: (event, message) => logger.warn({ event }, message),
    debug: (event, message) => logger.debug({ event }, message),
    failed: (code, message) => logger.error({ event: "run-failed", code }, message),
    event: (event, words, data) => logger[words.level]({ ...data, kind: undefined, event }, words.text),
  };
}
