import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { SpotproofError, systemErrorCode } from "../../base/index.ts";
import type { ProcessTable } from "../../supervisor/index.ts";
import { machineEnvironment } from "./fleet-environment.ts";
import type { Housing } from "./housing.ts";
import { filesLeftIn, firstLeft } from "./left-behind.ts";
import type { LaunchedProgram } from "./machine-program.ts";
import { isWithin } from "./machine-view.ts";
import type {
  LeftFile,
  Machine,
  MachineProcess,
  MachineRemains,
  OpenFile,
  ProgramOptions,
  RunningProgram,
} from "./machine.ts";
import { followLinks } from "./seen-links.ts";

/** What a machine is made of. */
export interface MachineParts {
  readonly name: string;
  readonly housing: Housing;
  readonly processes: ProcessTable;
  readonly notes: readonly string[];
  /** The user's. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The machine's own, added to it. */
  readonly added: Readonly<Record<string, string>>;
  readonly mark: string;
  /** Removes everything that is the machine's from the disk. */
  readonly wipe: () => Promise<void>;
}

/** A machine of a fleet, however it is kept apart. */
export class RehearsalMachine implements Machine {
  readonly name: string;
  readonly workFolder: string;
  readonly tmpFolder: string;
  readonly notes: readonly string[];
  readonly #parts: MachineParts;
  readonly #programs: LaunchedProgram[] = [];
  /** Resolves to what sets all going again. */
  #paused: Promise<() => Promise<void>> | undefined;
  #end: Promise<MachineRemains> | undefined;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.workFolder = parts.housing.workFolder;
    this.tmpFolder = parts.housing.tmpFolder;
    this.notes = parts.notes;
  }

  hostPath(pathAsTheJobSeesIt: string): string | undefined {
    const { housing } = this.#parts;
    const hostPath = (seen: string): string | undefined => housing.hostPath(seen);
    return hostPath(followLinks(resolve(housing.seenWorkFolder, pathAsTheJobSeesIt), hostPath));
  }

  start(command: readonly [string, ...string[]], options: ProgramOptions): RunningProgram {
    if (this.#end !== undefined) {
      throw new SpotproofError("internal", `A program was started on machine ${this.name}, which has ended.`);
    }
    const { housing, environment, added, mark } = this.#parts;
    const own = { mark, tmpFolder: housing.seenTmpFolder, workFolder: housing.seenWorkFolder };
    const program = housing.launch(
      command,
      machineEnvironment(environment, own, added, options.environment),
      options,
    );
    this.#programs.push(program);
    return program;
  }

  processes(): readonly MachineProcess[] {
    return this.#parts.housing.inhabitants().map(({ pid, name }) => ({ pid, name }));
  }

  filesOpenForWriting(folderAsTheJobSeesIt: string): readonly OpenFile[] {
    const folder = this.hostPath(folderAsTheJobSeesIt);
    if (folder === undefined) return [];
    const files = new Map<string, OpenFile>();
    for (const { pid } of this.#parts.housing.inhabitants()) {
      for (const { path, append } of this.#parts.processes.filesOpenForWriting(pid)) {
        const file = this.hostPath(path);
        const bytes = file === undefined ? undefined : sizeOf(file);
        if (file === undefined || bytes === undefined || !isWithin(file, folder)) continue;
        const inside = relative(folder, file);
        // It only grows at its end if everybody who has it open appends.
        files.set(inside, { path: inside, bytes, append: append && files.get(inside)?.append !== false });
      }
    }
    return [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async pause(): Promise<void> {
    this.#paused ??= this.#parts.housing.pause();
    try {
      await this.#paused;
    } catch (error) {
      this.#paused = undefined;
      throw error;
    }
  }

  async wake(): Promise<void> {
    const resume = await this.#paused;
    this.#paused = undefined;
    await resume?.();
  }

  end(): Promise<MachineRemains> {
    this.#end ??= this.#endNow();
    return this.#end;
  }

  async #endNow(): Promise<MachineRemains> {
    const { housing, wipe } = this.#parts;
    const aliveAtEnd = housing.inhabitants().map(({ name, pid }) => `${name} (pid ${pid})`);
    const left: LeftFile[] = [...(await housing.kill())];
    await Promise.all(this.#programs.map((program) => program.ended));
    for (const program of this.#programs) program.release();
    for (const place of housing.places) left.push(...(await filesLeftIn(place)));
    await wipe();
    return { aliveAtEnd, ...firstLeft(left) };
  }
}

function sizeOf(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
