import { type ErrorCode, SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";

/** What was being done to a path when it failed. */
export interface FileStep {
  readonly doing: "reading" | "writing" | "linking" | "removing" | "listing" | "making durable";
  readonly path: string;
}

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const FORBIDDEN = new Set(["EACCES", "EPERM", "EROFS"]);
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS", "EXDEV"]);
const NO_FOLDER_SYNC = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EISDIR"]);

/** What a failed system call means for the store. Errors that speak for themselves come back as they are. */
export function asStoreError(error: unknown, step: FileStep): unknown {
  const system = systemErrorCode(error);
  if (system === undefined || error instanceof SpotproofError) return error;
  const code = codeFor(system, step.doing);
  return new SpotproofError(code, `${capital(step.doing)} ${step.path} failed: ${reasonOf(error)}.`, {
    cause: error,
  });
}

function codeFor(system: string, doing: FileStep["doing"]): ErrorCode {
  if (doing === "linking" && NO_LINKS.has(system)) return "store-unsuitable";
  if (doing === "making durable" && NO_FOLDER_SYNC.has(system)) return "store-unsuitable";
  if (FULL.has(system)) return "store-full";
  if (FORBIDDEN.has(system) && doing !== "reading" && doing !== "listing") return "store-not-writable";
  return "store-unreachable";
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
