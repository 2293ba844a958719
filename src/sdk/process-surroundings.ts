import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { canLeave, hangsWords, systemClock, systemErrorCode, systemRandom } from "../base/index.ts";
import type { JobEvent } from "./job.ts";
import type { JobSurroundings } from "./job-parts.ts";

const STANDARD_ERROR = 2;

/** The real process. `onEvent` is told what happens; by default people are, on stderr. */
export function surroundingsOf(
  program: NodeJS.Process,
  onEvent: ((event: JobEvent) => void) | undefined,
): JobSurroundings {
  return {
    clock: systemClock,
    random: systemRandom,
    environment: program.env,
    workingFolder: program.cwd(),
    host: hostname(),
    pid: program.pid,
    command: program.argv,
    onSignal(signal, handler) {
      program.on(signal, handler);
      return () => program.off(signal, handler);
    },
    tell: onEvent ?? sayOnStandardError,
    async exit(status) {
      await Promise.all([drained(program.stdout), drained(program.stderr)]);
      if (!(await canLeave(systemClock))) {
        sayLine(hangsWords(status));
        program.kill(program.pid, "SIGKILL");
      }
      return program.exit(status);
    },
  };
}

/** What is of interest to whoever looks at a terminal in the morning. */
function sayOnStandardError({ level, text }: JobEvent): void {
  if (level === "debug") return;
  sayLine(
    level === "info" ? `spotproof: ${text}` : `spotproof: ${level === "warn" ? "warning" : level}: ${text}`,
  );
}

/** Whole and at once, so that it is out when the program ends. */
export function sayLine(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(STANDARD_ERROR, bytes, done);
    } catch (error) {
      // A pipe that is full, or has no reader any more, must not hold up or end a job: the rest of the line is lost.
      if (["EAGAIN", "EPIPE", "EIO", "EBADF"].includes(systemErrorCode(error) ?? "")) return;
      throw error;
    }
  }
}

/** What the program has printed is out, or nobody is there to read it. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.writable || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}
