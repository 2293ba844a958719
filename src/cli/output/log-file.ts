import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";

/** A file to which lines are added. */
export interface LogFile {
  /** Adds a line, with its end, in one call. Never throws because of the file. */
  readonly write: (line: string) => void;
}

/**
 * Opens a file to add lines to, with mode 0644 (less what the umask takes) when it is new.
 * @param path absolute
 * @param onTrouble told once, when a line could not be written
 * @throws SpotproofError `bad-usage` when the path cannot be written, `disk-full`
 */
export function openLogFile(path: string, onTrouble: (reason: string) => void): LogFile {
  const fd = openToAppend(path);
  let isTorn = false;
  let isTold = false;
  const trouble = (reason: string): void => {
    if (!isTold) onTrouble(reason);
    isTold = true;
  };
  return {
    write(line) {
      // After a line that found no room for all of it the next one still begins at the left.
      const bytes = Buffer.from(isTorn ? `\n${line}` : line);
      try {
        const written = writeSync(fd, bytes);
        if (written > 0) isTorn = written < bytes.length;
        if (written < bytes.length) trouble("no room for a whole line");
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error;
        trouble(reasonOf(error));
      }
    },
  };
}

function openToAppend(path: string): number {
  const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
  try {
    // Without waiting: the opening of a pipe would last until somebody reads it.
    const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o644);
    if (fstatSync(fd).isFile()) return fd;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new SpotproofError("disk-full", `--log-file ${path}: ${reasonOf(error)}.`, { cause: error });
    throw new SpotproofError("bad-usage", `--log-file ${path} cannot be written: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
  throw new SpotproofError("bad-usage", `--log-file ${path} is not a file. Name one, or a new one.`);
}
