import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { type Clock, type Timer, systemErrorCode } from "../base/index.ts";

// Standard error may be a pipe that nobody empties, or a terminal that was stopped with Ctrl-S. Node would wait within
// write(2), and with it everything: heartbeats, notices, the job itself. So we write through a file description of our
// own that never waits (the command, which shares the inherited one, is not affected), and keep what finds no room.

/** Writes text somewhere without ever waiting for whoever reads it. */
export interface PatientWriter {
  readonly write: (text: string) => void;
  /** Resolves when everything is written, or after `limitMs`: what is left then is lost. */
  readonly drain: (limitMs: number) => Promise<void>;
}

/** More than this is not kept for a reader who does not read, in bytes. */
const LONGEST_BACKLOG = 1024 * 1024;
const RETRY_MS = 50;

/**
 * A writer to a pipe, a terminal or a file that is open in this process. Undefined where a pipe or terminal cannot be
 * opened once more (no /proc, a socket, a terminal of somebody else).
 */
export function openPatientWriter(fd: number, clock: Clock): PatientWriter | undefined {
  try {
    const kind = fstatSync(fd);
    // Files never make anybody wait, and the command goes on writing at the place that it shares with us.
    if (kind.isFile()) return patientWriter(fd, clock);
    if (!kind.isFIFO() && !kind.isCharacterDevice()) return undefined;
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return patientWriter(openSync(`/proc/self/fd/${fd}`, flags), clock);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

function patientWriter(fd: number, clock: Clock): PatientWriter {
  let backlog: Buffer[] = [];
  let backlogBytes = 0;
  let lostBytes = 0;
  let retry: Timer | undefined;
  let isReaderGone = false;

  const flush = (): void => {
    retry?.cancel();
    retry = undefined;
    for (let [first] = backlog; first !== undefined; [first] = backlog) {
      const written = tryToWrite(fd, first);
      if (written === "gone") {
        isReaderGone = true;
        backlog = [];
        backlogBytes = 0;
        return;
      }
      backlogBytes -= written;
      if (written < first.length) {
        backlog[0] = first.subarray(written);
        retry = clock.after(RETRY_MS, flush);
        return;
      }
      backlog.shift();
    }
    if (lostBytes > 0) {
      const lost = lostBytes;
      lostBytes = 0;
      write(`spotproof! ${lost} bytes of this log were lost: nobody read it\n`);
    }
  };
  const write = (text: string): void => {
    if (isReaderGone) return;
    const bytes = Buffer.from(text, "utf8");
    if (backlogBytes + bytes.length > LONGEST_BACKLOG) {
      lostBytes += bytes.length;
      return;
    }
    backlog.push(bytes);
    backlogBytes += bytes.length;
    if (retry === undefined) flush();
  };
  return {
    write,
    async drain(limitMs) {
      const limit = clock.now() + limitMs;
      for (;;) {
        flush();
        if (backlogBytes === 0 || clock.now() >= limit) break;
        await clock.sleep(RETRY_MS);
      }
      retry?.cancel();
    },
  };
}

/** How many bytes found room; "gone" when nobody will ever read them. */
function tryToWrite(fd: number, bytes: Buffer): number | "gone" {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EAGAIN") return 0;
    // A closed terminal or `| head` must not end a job, and neither must a log file on a full disk.
    if (code === "EPIPE" || code === "EIO" || code === "ENXIO") return "gone";
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") return bytes.length;
    throw error;
  }
}
