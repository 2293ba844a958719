import type { Clock } from "../../base/index.ts";
import type { FleetIsolation } from "../fleet/index.ts";
import type { LiveJob } from "../report/live/live-screen.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Computer } from "./record.ts";
import type { RehearsedCommand } from "./rehearsed-command.ts";

/** A rehearsal, with everything that it needs. */
export interface RehearsalOptions {
  readonly plan: Plan;
  /** By how much deadlines and intervals are shortened; `auto`: as the length of the job asks for. */
  readonly speed: number | "auto";
  /** The command line that repeats the rehearsal, for its report. */
  readonly repeat: string;
  /** The job, and the one that it is compared with if there is one. */
  readonly commands: readonly RehearsedCommand[];
  /** An empty folder for the rehearsal alone; whoever made it removes it. */
  readonly workspace: string;
  readonly workingFolder: string;
  /** Absolute paths of folders that outlive machines. */
  readonly shared: readonly string[];
  /** Absolute paths of large folders that the job only reads: every machine sees the real ones. */
  readonly inputs: readonly string[];
  /** Absolute paths that no new machine has: checkpoint folders, stores. */
  readonly excluded: readonly string[];
  /** Absolute paths that machines must see: the programs started. */
  readonly visible: readonly string[];
  readonly outputs: OutputOptions;
  /** Runs each job alone first: how long it takes, and what its outputs are. */
  readonly alone: boolean;
  /** How long the job works when nobody interrupts it, in ms; for a rehearsal without a run alone. */
  readonly lengthMs: number | undefined;
  readonly isolation: "auto" | FleetIsolation;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly computer: Omit<Computer, "isolation">;
  readonly uid: number | undefined;
  readonly clock: Clock;
  /** What starts this program: `[node, main.js]`. */
  readonly spotproof: readonly string[];
  /** Ends the rehearsal early; everything is cleared away. */
  readonly signal: AbortSignal;
  readonly watcher: RehearsalWatcher;
}

/** Outputs that must be the same as those of the run alone. */
export interface OutputOptions {
  /** As the job names them. */
  readonly files: readonly string[];
  /** A shell command that is given the expected and the actual file; status 0 means the same. Undefined: byte by byte. */
  readonly sameBy: string | undefined;
}

/** Whoever watches a rehearsal. */
export interface RehearsalWatcher {
  /** Something happened. */
  tell(words: string): void;
  /** A part of the rehearsal begins; `jobs` gives the jobs of that part as they are, as often as the watcher likes. */
  watch(jobs: () => readonly LiveJob[]): void;
}
