import { ERRORS, type ErrorCode, type ErrorEntry } from "./error-catalogue.ts";

/** What Spotproof throws when something is broken. Endings that are expected are values, not errors. */
export class SpotproofError extends Error {
  override readonly name = "SpotproofError";
  /** The permanent name of this kind of failure. */
  readonly code: ErrorCode;
  /** What exactly happened here: which file, which value. */
  readonly detail: string;

  /** `detail` says what happened here; `options.cause` keeps the error underneath. */
  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(`${ERRORS[code].title} ${detail} [${code}]`, options);
    this.code = code;
    this.detail = detail;
  }

  /** The catalogue's words for this kind of failure. */
  get entry(): ErrorEntry {
    return ERRORS[this.code];
  }
}

/** The error code of an operating system call (`ENOENT`, `ECONNREFUSED` …), if the value is such an error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The words of any thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
