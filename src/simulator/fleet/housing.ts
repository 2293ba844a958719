import type { LeftFile, ProgramOptions } from "./machine.ts";
import type { LeftPlace } from "./left-behind.ts";
import type { LaunchedProgram } from "./machine-program.ts";

/** A process of a machine. */
export interface Inhabitant {
  readonly pid: number;
  readonly name: string;
}

/** How one machine is kept apart from the rest of this computer. */
export interface Housing {
  /** Where its copy of the working folder, and its temporary folder, are on this computer. */
  readonly workFolder: string;
  readonly tmpFolder: string;
  /** The same as its programs see them. */
  readonly seenWorkFolder: string;
  readonly seenTmpFolder: string;
  /** Where files may be left, on this computer. */
  readonly places: readonly LeftPlace[];
  /** Where on this computer that is which the machine calls so. Absolute. */
  hostPath(path: string): string | undefined;
  /** Starts a program in the working folder. */
  launch(
    command: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>,
    options: ProgramOptions,
  ): LaunchedProgram;
  /** Who lives in it now. */
  inhabitants(): readonly Inhabitant[];
  /** Everything stands still until the answer is called. */
  pause(): Promise<() => Promise<void>>;
  /**
   * Kills everything. Resolves when nothing lives, with what was left where nobody can look afterwards.
   * @throws SpotproofError `internal` that names what does not end.
   */
  kill(): Promise<readonly LeftFile[]>;
}
