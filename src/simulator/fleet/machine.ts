import type { Clock } from "../../base/index.ts";

// The machines of a rehearsal: process trees on this computer that look to a job like machines of a cloud. What lies on
// one is really wiped when it ends, and everything that runs on it is really killed.

/**
 * How a machine is kept apart. `namespaces` (Linux, root): its own processes, /tmp, /var/tmp and /dev/shm, and its own
 * copy of the working folder at the working folder's path. `folders`: a copy elsewhere, and `TMPDIR`.
 */
export type FleetIsolation = "namespaces" | "folders";

/** What a fleet is made of. */
export interface FleetOptions {
  readonly clock: Clock;
  /** A folder of the rehearsal. It exists; everything of the fleet lies in it. All machines see it. */
  readonly workspace: string;
  /** The user's folder, of which every machine gets a copy. */
  readonly workingFolder: string;
  /** Absolute paths inside the working folder that a new machine does not have. */
  readonly excluded: readonly string[];
  /**
   * Absolute paths of large folders that jobs only read: all machines see the user's own, read-only where namespaces
   * allow it. They are not copied.
   */
  readonly inputs: readonly string[];
  /** Absolute paths that machines must see although they lie in /tmp: the programs started. In the working folder each machine has its copy. */
  readonly visible: readonly string[];
  /** The user's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Of this process; undefined where there is no such thing. */
  readonly uid: number | undefined;
  /** `auto`: namespaces where they can be had, else folders, with a note why. */
  readonly isolation: "auto" | FleetIsolation;
  /** How much of the working folder is copied at most. Default 2 GiB and 200,000 files. */
  readonly copyLimit?: CopyLimit | undefined;
}

/** How large a working folder may be. */
export interface CopyLimit {
  readonly bytes: number;
  readonly files: number;
}

/** All machines of a rehearsal. */
export interface Fleet {
  readonly isolation: FleetIsolation;
  /** What a reader of the report must know of the way in which machines are kept apart. */
  readonly notes: readonly string[];
  /**
   * A new machine with a fresh copy of the working folder.
   * @throws SpotproofError `bad-usage` when the working folder is too large, and when a shared folder cannot be where it
   *   is to be seen; `disk-full` when the copy does not fit.
   */
  rent(request: MachineRequest): Promise<Machine>;
  /** Ends every machine that is left and removes what the fleet has put into the workspace. */
  close(): Promise<void>;
}

/** What a machine is to be. */
export interface MachineRequest {
  /** Letters, digits, dots and dashes, at most 40; no other living machine of the fleet has it. Short: it is part of `TMPDIR`. */
  readonly name: string;
  /** Added to the environment of every program on it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folders that outlive it. Default: none. */
  readonly shared?: readonly SharedFolder[] | undefined;
}

/** A folder that outlives machines, like a network file system that all machines of one job have mounted. */
export interface SharedFolder {
  /**
   * Where the job sees it, absolute and without links. In the working folder, and with namespaces in /tmp, it is made
   * when it is not there; elsewhere it must exist.
   */
  readonly path: string;
  /** The folder in the fleet's workspace that holds what is in it. It is never wiped with a machine. */
  readonly source: string;
  /** What of the user's folder could not be read, so that it is missing here. */
  readonly unreadable?: readonly string[] | undefined;
}

/** One machine. */
export interface Machine {
  readonly name: string;
  /** Where its copy of the working folder is on this computer. */
  readonly workFolder: string;
  /** Where its temporary folder is on this computer. */
  readonly tmpFolder: string;
  /** What a reader must know of this machine's copy, such as files that could not be read. */
  readonly notes: readonly string[];
  /**
   * Where on this computer that is what the job calls so, with links followed as its machine follows them; relative paths
   * are those of the working folder. Undefined: nowhere.
   */
  hostPath(pathAsTheJobSeesIt: string): string | undefined;
  /**
   * Starts a program in the working folder, in a session of its own. Several may run.
   * @throws SpotproofError `internal` when the machine has ended.
   */
  start(command: readonly [string, ...string[]], options: ProgramOptions): RunningProgram;
  /** What lives on it now. */
  processes(): readonly MachineProcess[];
  /** Files of a folder that a process holds open for writing. Empty where that cannot be known (not Linux). */
  filesOpenForWriting(folderAsTheJobSeesIt: string): readonly OpenFile[];
  /**
   * Everything on it stands still until `wake`. Again: nothing.
   * @throws SpotproofError `folder-changing` when a process cannot be stopped in 5 s; all are set going again before.
   */
  pause(): Promise<void>;
  /** Everything goes on. Harmless when it was not paused. */
  wake(): Promise<void>;
  /**
   * Kills everything on it; resolves when nothing lives and everything that lay on it is wiped. Again: the same answer.
   * @throws SpotproofError `internal` that names what cannot be killed or wiped.
   */
  end(): Promise<MachineRemains>;
}

/** How a program is started. */
export interface ProgramOptions {
  /** Added to the machine's. */
  readonly environment: Readonly<Record<string, string>>;
  /** Is told of every line, without its end. One that is longer than 16 KiB comes cut. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
  /** How much output is handed over at most, in characters; the rest is read and thrown away. Default: no limit. */
  readonly outputLimit?: number | undefined;
}

/** A program that was started on a machine. */
export interface RunningProgram {
  /** Never rejects. Status 127 (not found) or 126 (cannot be executed), with a line on stderr, when it did not start. */
  readonly ended: Promise<ProgramEnd>;
  /** Sends a signal to the program itself. Gives whether it was there to get it. */
  signal(name: NodeJS.Signals): Promise<boolean>;
}

/** How a program ended: one of the two is null. */
export interface ProgramEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process on a machine. */
export interface MachineProcess {
  /** As this computer numbers it. */
  readonly pid: number;
  readonly name: string;
}

/** A file that is being written. */
export interface OpenFile {
  /** Relative to the folder that was asked for. */
  readonly path: string;
  readonly bytes: number;
  /** It only grows at its end, as a log does. */
  readonly append: boolean;
}

/** What was on a machine when it ended. */
export interface MachineRemains {
  /** Processes that lived when it ended: `python3 (pid 17)`. */
  readonly aliveAtEnd: readonly string[];
  /** New or changed since the machine began, by path. At most 300. */
  readonly files: readonly LeftFile[];
  /** How many more there were. */
  readonly moreFiles: number;
}

/** A file that went away with its machine. */
export interface LeftFile {
  /** As the job saw it: `out/model.bin` in the working folder, else absolute, or beginning with `$TMPDIR`. */
  readonly path: string;
  readonly where: "scratch" | "tmp";
  readonly bytes: number;
  /** False: it was seen in this computer's own /tmp while the machine ran, is probably the job's, and is still there. */
  readonly wiped: boolean;
}
