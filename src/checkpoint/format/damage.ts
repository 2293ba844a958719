import { SpotproofError } from "../../base/index.ts";

/** What a reader throws when bytes from the store are not what they must be. A restore then steps back. */
export function damaged(detail: string, cause?: unknown): SpotproofError {
  return new SpotproofError("checkpoint-damaged", detail, cause === undefined ? undefined : { cause });
}

/**
 * Whether a thrown value says that bytes are damaged or missing (and not, say, that the store is away). A store that keeps
 * objects in parts may itself say so, as `record-damaged`.
 */
export function isDamage(error: unknown): error is SpotproofError {
  if (!(error instanceof SpotproofError)) return false;
  return error.code === "checkpoint-damaged" || error.code === "record-damaged";
}
