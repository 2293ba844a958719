import { type ErrorCode, SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";

const NO_ROOM = new Set(["ENOSPC", "EDQUOT"]);
const VANISHED = new Set(["ENOENT", "ENOTDIR"]);

/** Puts what the file system said about the command's folder into Spotproof's words. */
export function folderError(what: string, error: unknown): Error {
  if (error instanceof SpotproofError) return error;
  const system = systemErrorCode(error);
  // Only what a system call says concerns the folder; the reason of an abort, say, passes through.
  if (system === undefined || !(error instanceof Error) || !("syscall" in error)) {
    return error instanceof Error ? error : new Error(reasonOf(error));
  }
  const code: ErrorCode = NO_ROOM.has(system) ? "disk-full" : "folder-unusable";
  return new SpotproofError(code, `${what}: ${reasonOf(error)}.`, { cause: error });
}

/** Whether a call failed because there is no room (or no quota) left. */
export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.has(systemErrorCode(error) ?? "");
}

/** Whether a call failed because the file is not there any more. */
export function isVanished(error: unknown): boolean {
  return VANISHED.has(systemErrorCode(error) ?? "");
}
