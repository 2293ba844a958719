import type { CommandIo } from "../command-io.ts";

/** Spotproof's own words, on standard error: the command's standard output is never touched. */
export interface Log {
  /** From now on lines name the job and the attempt. */
  forAttempt(job: string, attempt: number): void;
  info(event: string, message: string): void;
  warn(event: string, message: string): void;
  /** Only in JSON. */
  debug(event: string, message: string): void;
  /** An event of the supervisor: its words for people, its data for machines. */
  event(event: string, words: EventWords, data: object): void;
}

/** How an event is said to people. */
export interface EventWords {
  readonly level: "info" | "warn" | "debug";
  readonly text: string;
}

/** Text for people, or one JSON object a line (pino's format). */
export async function createLog(format: "text" | "json", io: CommandIo): Promise<Log> {
  return format === "json" ? jsonLog(io) : textLog(io);
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
    event: (_event, words) => line(words.level, words.text),
  };
}

async function jsonLog(io: CommandIo): Promise<Log> {
  const { pino } = await import("pino");
  const root = pino(
    { base: null, level: "debug", timestamp: pino.stdTimeFunctions.isoTime },
    { write: (text: string) => io.err(text) },
  );
  let logger = root;
  return {
    forAttempt(job, attempt) {
      logger = root.child({ job, attempt });
    },
    info: (event, message) => logger.info({ event }, message),
    warn: (event, message) => logger.warn({ event }, message),
    debug: (event, message) => logger.debug({ event }, message),
    event: (event, words, data) => logger[words.level]({ ...data, kind: undefined, event }, words.text),
  };
}
