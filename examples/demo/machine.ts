import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { killTree } from "./processes.ts";
import { type MetadataService, startMetadataService } from "./metadata.ts";

/** How a command on a machine ended by itself. */
export interface CommandEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Lines of standard error that are kept for the case that something goes wrong. */
const LINES_KEPT = 30;

/**
 * A Spot machine, played by a fresh folder with its own metadata service. What runs on it sees the folder as its working
 * directory and asks that metadata service; when the machine goes away, everything on it is killed and the folder removed.
 */
export class Machine {
  readonly folder: string;
  readonly #metadata: MetadataService;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #words: string[] = [];
  #child: ChildProcess | undefined;
  #end: CommandEnd | undefined;
  #gone: Promise<void> | undefined;

  private constructor(
    folder: string,
    metadata: MetadataService,
    variables: Readonly<Record<string, string>>,
  ) {
    this.folder = folder;
    this.#variables = variables;
    this.#metadata = metadata;
  }

  /** Gets a new machine. `variables` are added to the environment of what runs on it. */
  static async rent(
    fleetFolder: string,
    name: string,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Machine> {
    const folder = join(fleetFolder, name);
    mkdirSync(join(folder, "tmp"), { recursive: true });
    return new Machine(folder, await startMetadataService(), variables);
  }

  /** Starts a Node program on the machine; `onLine` hears its standard output. Resolves when it has ended; never rejects. */
  run(words: readonly string[], onLine: (line: string) => void): Promise<CommandEnd> {
    const child = spawn(process.execPath, words, {
      cwd: this.folder,
      env: this.#environment(),
      detached: true, // its own group, as on its own machine: Ctrl-C here is not a signal there
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", onLine);
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#words.push(line);
      if (this.#words.length > LINES_KEPT) this.#words.shift();
    });
    return new Promise((resolve) => {
      const end = (status: number | null, signal: NodeJS.Signals | null): void => {
        this.#end ??= { status, signal };
        resolve(this.#end);
      };
      child.on("close", end);
      child.on("error", (error) => {
        this.#words.push(`it could not be started: ${error.message}`);
        end(null, null);
      });
    });
  }

  /** How the command ended, if it has. */
  get end(): CommandEnd | undefined {
    return this.#end;
  }

  /** The last lines of standard error. */
  get lastWords(): readonly string[] {
    return this.#words;
  }

  /** From now on the machine's metadata service says that the machine is taken away in `leadMs`. */
  announceEnd(leadMs: number): void {
    this.#metadata.announceEnd(leadMs);
  }

  /** The machine is gone: SIGKILL for every process on it, the folder removed, the metadata service closed. Once. */
  goAway(): Promise<void> {
    this.#gone ??= this.#destroy();
    return this.#gone;
  }

  async #destroy(): Promise<void> {
    if (this.#child?.pid !== undefined && this.#end === undefined) await killTree(this.#child.pid);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
    await this.#metadata.close();
  }

  #environment(): NodeJS.ProcessEnv {
    const environment: NodeJS.ProcessEnv = { ...this.#variables };
    for (const [name, value] of Object.entries(process.env)) {
      // Nothing of this computer's own cloud, if it is in one, is seen on the machine.
      if (!/^(AWS|SPOTPROOF)_/.test(name)) environment[name] ??= value;
    }
    environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = this.#metadata.url;
    environment["TMPDIR"] = join(this.folder, "tmp");
    return environment;
  }
}
