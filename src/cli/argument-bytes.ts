import { readFileSync } from "node:fs";
import { SpotproofError, systemErrorCode } from "../base/index.ts";

/** What Node puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = "\u{FFFD}";

/**
 * Refuses arguments that Node has altered: bytes that are no UTF-8 cannot be handed on as they were, and a file name that
 * was changed on the way is worse than an error.
 * @throws SpotproofError `bad-usage`
 */
export function refuseAlteredArguments(
  command: readonly string[],
  readCommandLine: () => Buffer | undefined = ownCommandLine,
): void {
  const altered = command.find((argument) => argument.includes(REPLACEMENT));
  if (altered === undefined) return;
  const original = readCommandLine();
  // Someone may really have written this character.
  if (original === undefined || original.includes(altered)) return;
  throw new SpotproofError(
    "bad-usage",
    `The argument "${altered}" is not text in UTF-8, and would reach the command changed. Write the command into a script, and start that.`,
  );
}

function ownCommandLine(): Buffer | undefined {
  try {
    return readFileSync("/proc/self/cmdline");
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
