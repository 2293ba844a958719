import { join } from "node:path";
import type { Clock } from "../../base/index.ts";
import { type ProcessTable, ProcessTree, startGuardian } from "../../supervisor/index.ts";
import type { Housing, Inhabitant } from "./housing.ts";
import type { LeftPlace } from "./left-behind.ts";
import type { LeftFile, ProgramOptions } from "./machine.ts";
import { type LaunchedProgram, launchProgram } from "./machine-program.ts";
import type { TmpWatch } from "./tmp-watch.ts";

/** How long killing may take. */
const KILL_LIMIT_MS = 10_000;

/** What a machine without namespaces is made of. */
export interface FolderParts {
  readonly clock: Clock;
  readonly processes: ProcessTable;
  /** A text that is in the environment of every program of the machine, and of nothing else. */
  readonly mark: string;
  readonly workFolder: string;
  readonly tmpFolder: string;
  readonly places: readonly LeftPlace[];
  readonly tmpWatch: TmpWatch;
  /** On which the guardian finds its tools. */
  readonly path: string;
}

/** A machine that is a folder, and a tree of processes followed by session, parentage and a mark. */
export class FolderHousing implements Housing {
  readonly workFolder: string;
  readonly tmpFolder: string;
  readonly seenWorkFolder: string;
  readonly seenTmpFolder: string;
  readonly places: readonly LeftPlace[];
  readonly #parts: FolderParts;
  /** One for each program: where the environment cannot be read, only its session tells what belongs. */
  readonly #trees: ProcessTree[] = [];
  readonly #dismiss = new Set<() => void>();

  constructor(parts: FolderParts) {
    this.#parts = parts;
    this.workFolder = parts.workFolder;
    this.tmpFolder = parts.tmpFolder;
    this.seenWorkFolder = parts.workFolder;
    this.seenTmpFolder = parts.tmpFolder;
    this.places = parts.places;
  }

  hostPath(path: string): string {
    return join("/", path);
  }

  launch(
    command: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>,
    options: ProgramOptions,
  ): LaunchedProgram {
    const { clock, processes, mark, workFolder, path } = this.#parts;
    // Kills what carries the mark when this process is killed itself.
    const guardian = startGuardian(path, (reason) =>
      options.onLine("stderr", `spotproof: nobody ends this program if the rehearsal is killed: ${reason}`),
    );
    guardian.watch(mark);
    const [file, ...args] = command;
    const program = launchProgram(
      { file, args, folder: workFolder, environment, byStarter: false },
      options,
      this.#parts,
    );
    const dismiss = (): void => {
      if (this.#dismiss.delete(dismiss)) guardian.dismiss();
    };
    this.#dismiss.add(dismiss);
    if (program.pid === undefined) {
      dismiss();
      return program;
    }
    guardian.guard(program.pid);
    const tree = new ProcessTree({
      table: processes,
      clock,
      leaderPid: program.pid,
      mark,
      notOurs: new Set([process.pid]),
    });
    this.#trees.push(tree);
    void program.ended.then(() => {
      // Its number may soon be somebody else's.
      if (tree.members().length === 0) dismiss();
    });
    return program;
  }

  inhabitants(): readonly Inhabitant[] {
    const all = new Map<number, Inhabitant>();
    for (const tree of this.#trees) for (const one of tree.members()) all.set(one.pid, one);
    return [...all.values()];
  }

  async pause(): Promise<() => Promise<void>> {
    const resumes: (() => Promise<void>)[] = [];
    const resume = async (): Promise<void> => {
      for (const one of resumes) await one();
    };
    try {
      for (const tree of this.#trees) {
        const paused = await tree.pause();
        resumes.push(() => paused.resume());
      }
    } catch (error) {
      await resume();
      throw error;
    }
    return resume;
  }

  async kill(): Promise<readonly LeftFile[]> {
    for (const tree of this.#trees) await tree.killAll(KILL_LIMIT_MS);
    for (const dismiss of this.#dismiss) dismiss();
    return this.#parts.tmpWatch.changes();
  }
}
