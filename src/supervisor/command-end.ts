/** How the command's first process ended. */
export type CommandExit =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "signalled"; readonly signal: NodeJS.Signals }
  | {
      readonly kind: "not-started";
      readonly code: "command-not-found" | "command-not-executable";
      readonly detail: string;
    };

/** Why the command was asked to stop, if it was. */
export type StopCause = "interruption" | "user" | "fenced-out";

/** The evidence from which an end is judged (S10, S11). */
export interface EndEvidence {
  readonly exit: CommandExit;
  /** Set from the moment at which the stop signal was sent. */
  readonly stopCause?: StopCause | undefined;
  /** An interruption is announced and has not been taken back. */
  readonly interruptionAnnounced: boolean;
  /** The command has heard of the interruption from us: the job channel answered 200, or the soft signal was sent. */
  readonly toldByUs: boolean;
  /** Its last report said that everything is done. */
  readonly progressComplete: boolean;
  /** What exit status 0 means after it was told: by default not "completed" (E1). */
  readonly zeroAfterStop: "interrupted" | "completed";
}

/** What the end means for the attempt. */
export type CommandEnd =
  | { readonly kind: "completed"; readonly reason: string }
  /** `alsoFailed`: it crashed by itself before it was asked to stop; that counts as a failure as well (J5, S10). */
  | { readonly kind: "interrupted"; readonly reason: string; readonly alsoFailed: boolean }
  | { readonly kind: "stopped"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string; readonly mayRetry: boolean };

/** The status by which a program says "saved, not done, start me again" (EX_TEMPFAIL of sysexits.h). */
export const STATUS_AGAIN = 75;

/** Judges the end of a command. */
export function judgeEnd(evidence: EndEvidence): CommandEnd {
  const { exit, stopCause } = evidence;
  const how = describeExit(exit);
  if (exit.kind === "not-started") return { kind: "failed", reason: exit.detail, mayRetry: false };
  const zero = exit.kind === "exited" && exit.status === 0;
  if (stopCause === "user") return { kind: "stopped", reason: `stopped by the user; the command ${how}` };
  if (zero && completes(evidence)) return { kind: "completed", reason: `the command ${how}` };
  if (stopCause !== undefined) {
    return { kind: "interrupted", reason: `asked to stop, the command ${how}`, alsoFailed: false };
  }
  if (zero || ((evidence.interruptionAnnounced || evidence.toldByUs) && isAgain(exit))) {
    return { kind: "interrupted", reason: `told of the interruption, the command ${how}`, alsoFailed: false };
  }
  if (evidence.interruptionAnnounced) {
    return {
      kind: "interrupted",
      reason: `the command ${how} by itself while an interruption was announced`,
      alsoFailed: true,
    };
  }
  return { kind: "failed", reason: `the command ${how}`, mayRetry: true };
}

/**
 * Programs often answer SIGTERM by saving and leaving with 0. To take that for "done" would report a success that is
 * none; to take "done" for "interrupted" costs one more start. So 0 means done only when nobody told the command to
 * end, or when its own report says that everything is done.
 */
function completes(evidence: EndEvidence): boolean {
  // Told once is told, even when the interruption was taken back since: the program may have been leaving already.
  const wasTold = evidence.stopCause !== undefined || evidence.toldByUs;
  return !wasTold || evidence.progressComplete || evidence.zeroAfterStop === "completed";
}

function isAgain(exit: CommandExit): boolean {
  return exit.kind === "exited" && exit.status === STATUS_AGAIN;
}

/** For people: `ended with status 3`, `was ended by SIGKILL`. */
export function describeExit(exit: CommandExit): string {
  switch (exit.kind) {
    case "exited":
      return `ended with status ${exit.status}`;
    case "signalled":
      return `was ended by ${exit.signal}`;
    case "not-started":
      return `could not be started: ${exit.detail}`;
    default:
      return exit satisfies never;
  }
}
