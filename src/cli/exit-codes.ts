import { EXIT, exitStatusOfError } from "../base/index.ts";
import type { CommandExit } from "../supervisor/index.ts";

export { EXIT, exitStatusOfError } from "../base/index.ts";

const SIGNAL_BASE = 128;

/** The command's own status, as shells give it: 128 + n for an end by signal n, 127 and 126 when it never ran. */
export function exitStatusOfCommand(
  exit: CommandExit,
  signalNumbers: Readonly<Record<string, number>>,
): number {
  switch (exit.kind) {
    case "exited":
      // Passed on, it would be an invitation to start the same failure again for ever.
      return exit.status === EXIT.interrupted.status ? EXIT.failedWithAgain.status : exit.status;
    case "signalled":
      return SIGNAL_BASE + (signalNumbers[exit.signal] ?? 0);
    case "not-started":
      return exitStatusOfError(exit.code);
    default:
      return exit satisfies never;
  }
}
