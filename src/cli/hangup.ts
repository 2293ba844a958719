import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { systemErrorCode } from "../base/index.ts";
import type { CommandIo } from "./command-io.ts";

// A terminal that closes sends SIGHUP, which is an interruption: save and leave. Under `nohup` it must mean nothing. But
// Node sets every ignored signal back to its default before any of our code runs, so what is left are traces.

const SIGHUP_BIT = 1;
const WRITE_ONLY = 1;

/** Whether SIGHUP was ignored when this process was started, as far as that can still be told. Linux knows; others guess. */
export function ignoredHangupAtStart(
  { environment, parentPid }: Pick<CommandIo, "environment" | "parentPid">,
  readText: (path: string) => string | undefined = readProcText,
): boolean {
  // `nohup script`, `trap '' HUP`: the shell that started us ignores it still, and what it ignores its children ignore.
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readText(`/proc/${parentPid}/status`) ?? "")?.[1];
  if (ignored !== undefined && (Number.parseInt(ignored.slice(-2), 16) & SIGHUP_BIT) !== 0) return true;
  // `nohup spotproof`: nohup became us. The shell has told us its name, or it has closed our input in its odd way.
  if (basename(environment["_"] ?? "") === "nohup") return true;
  return isNohupsInput(readText("/proc/self/fdinfo/0"));
}

/** nohup (coreutils) makes a terminal's standard input unreadable: an open character device that can only be written. */
function isNohupsInput(info: string | undefined): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(info ?? "")?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) === WRITE_ONLY;
}

function readProcText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
