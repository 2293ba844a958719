import { SpotproofError } from "../../base/index.ts";

/** What a reader throws when bytes from the store are not what they must be. A restore then steps back. */
export function damaged(detail: string, cause?: unknown): SpotproofError {
  return new SpotproofError("checkpoint-damaged", detail, cause === undefined ? undefined : { cause });
}

/** Whether a thrown value says that bytes are damaged or missing (and not, say, that the store is away). */
export function isDamage(error: unknown): error is SpotproofError {
  return error instanceof SpotproofError && error.code === "checkpoint-damaged";
}
