import type { ErrorCode } from "./error-catalogue.ts";

/** One exit status of the command line, and of programs that end by `runJob`. */
export interface ExitEntry {
  readonly status: number;
  /** What it says to whoever started Spotproof. */
  readonly meaning: string;
}

/** The exit statuses, a contract with schedulers and scripts. `docs/exit-codes.md` has the same table; a test compares. */
export const EXIT = {
  done: { status: 0, meaning: "The work is done and its result is durable." },
  failedWithAgain: {
    status: 1,
    meaning: "The command ended with 75 by itself, though nothing had interrupted it, and failed for good.",
  },
  badUsage: { status: 64, meaning: "The command line was not understood. Nothing was started." },
  checkpointUnusable: {
    status: 65,
    meaning: "No checkpoint of the job can be used, or a verified one is damaged.",
  },
  notFound: { status: 66, meaning: "The store has no such job or checkpoint." },
  notSpotProof: { status: 67, meaning: "The rehearsed job is not spot-proof, or nothing was proved." },
  noChannel: { status: 68, meaning: "No job channel answers here." },
  unavailable: {
    status: 69,
    meaning:
      "The store, or an address to listen on, cannot be used now, or `spotproof doctor` has found something bad about it.",
  },
  internal: { status: 70, meaning: "Spotproof itself has broken down." },
  noProgress: {
    status: 71,
    meaning: "Too many attempts in a row made no new checkpoint; nothing was started.",
  },
  endedElsewhere: {
    status: 72,
    meaning: "While this process stood by, the job failed for good on another machine.",
  },
  runningElsewhere: {
    status: 73,
    meaning: "Another attempt of the job is alive, and --if-running leave was given.",
  },
  localDisk: { status: 74, meaning: "The checkpoint folder or the local disk cannot be used." },
  interrupted: {
    status: 75,
    meaning: "Interrupted. What could be saved is saved: start the same command again.",
  },
  fencedOut: { status: 76, meaning: "A later attempt has taken over the job; it goes on there." },
  commandNotExecutable: { status: 126, meaning: "The command exists but cannot be executed." },
  commandNotFound: { status: 127, meaning: "The command does not exist." },
  stoppedByUser: {
    status: 130,
    meaning: "Stopped by the user (Ctrl-C). Saved unless it was pressed twice, or it was Ctrl-\\.",
  },
} as const satisfies Record<string, ExitEntry>;

/** The name of an exit status. */
export type ExitName = keyof typeof EXIT;

const EXIT_OF_ERROR: Readonly<Record<ErrorCode, ExitName>> = {
  "bad-usage": "badUsage",
  "store-unreachable": "unavailable",
  "store-not-writable": "unavailable",
  "store-full": "unavailable",
  "store-unsuitable": "unavailable",
  "store-volatile": "badUsage",
  "store-newer": "unavailable",
  "record-damaged": "unavailable",
  "checkpoint-damaged": "checkpointUnusable",
  "no-usable-checkpoint": "checkpointUnusable",
  "codec-unavailable": "checkpointUnusable",
  "checkpoint-not-found": "notFound",
  "job-not-found": "notFound",
  "folder-unusable": "localDisk",
  "folder-missing": "localDisk",
  "folder-changing": "localDisk",
  "temporary-folder-unusable": "localDisk",
  "disk-full": "localDisk",
  "job-running": "runningElsewhere",
  "fenced-out": "fencedOut",
  "no-progress": "noProgress",
  "command-not-found": "commandNotFound",
  "command-not-executable": "commandNotExecutable",
  "channel-unreachable": "noChannel",
  "channel-refused": "unavailable",
  "file-in-the-way": "badUsage",
  "port-unavailable": "unavailable",
  "state-not-storable": "badUsage",
  "state-unreadable": "checkpointUnusable",
  "state-outdated": "checkpointUnusable",
  "items-failed": "failedWithAgain",
  "items-changed": "badUsage",
  "items-unreadable": "badUsage",
  internal: "internal",
};

/** The exit status for an error of the catalogue. */
export function exitStatusOfError(code: ErrorCode): number {
  return EXIT[EXIT_OF_ERROR[code]].status;
}
