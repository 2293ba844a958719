import { readlinkSync } from "node:fs";
import { type Clock, SpotproofError, systemErrorCode } from "../../base/index.ts";
import { type ProcessTable, ProcessTree } from "../../supervisor/index.ts";
import type { Housing, Inhabitant } from "./housing.ts";
import { type LeftPlace, filesLeftIn } from "./left-behind.ts";
import type { LeftFile, ProgramOptions } from "./machine.ts";
import { type LaunchedProgram, STARTED, launchProgram } from "./machine-program.ts";
import type { MachineView } from "./machine-view.ts";
import type { NamespaceInit, NamespaceTools } from "./namespace-init.ts";

/** Memory that is a folder: what is in it is gone with the machine. */
export const SHARED_MEMORY = "/dev/shm";

/** Runs in the namespaces: $1 is setsid, $2 the working folder. Number 2 is the starter's, 3 the program's own. */
const ENTER = `echo ${STARTED} >&2; exec 2>&3 3>&-; cd -- "$2" || exit 126; setsid=$1; shift 2; exec "$setsid" -- "$@"`;

/** How long everything may take to be gone once the kernel has killed it. */
const GONE_LIMIT_MS = 10_000;

/** What a machine in namespaces is made of. */
export interface NamespaceParts {
  readonly init: NamespaceInit;
  readonly tools: NamespaceTools;
  readonly view: MachineView;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  /** A text that is in the environment of every program of the machine, and of nothing else. */
  readonly mark: string;
  readonly workFolder: string;
  readonly tmpFolder: string;
  readonly seenWorkFolder: string;
  readonly seenTmpFolder: string;
  readonly places: readonly LeftPlace[];
}

/** A machine with its own processes and its own view of the disk. */
export class NamespaceHousing implements Housing {
  readonly workFolder: string;
  readonly tmpFolder: string;
  readonly seenWorkFolder: string;
  readonly seenTmpFolder: string;
  readonly places: readonly LeftPlace[];
  readonly #parts: NamespaceParts;
  readonly #tree: ProcessTree;
  readonly #namespace: string | undefined;

  constructor(parts: NamespaceParts) {
    this.#parts = parts;
    this.workFolder = parts.workFolder;
    this.tmpFolder = parts.tmpFolder;
    this.seenWorkFolder = parts.seenWorkFolder;
    this.seenTmpFolder = parts.seenTmpFolder;
    this.places = parts.places;
    this.#namespace = namespaceOf(parts.init.pid);
    this.#tree = new ProcessTree({
      table: this.#insideTable(),
      clock: parts.clock,
      leaderPid: -1,
      mark: parts.mark,
      notOurs: new Set([parts.init.pid]),
    });
  }

  hostPath(path: string): string | undefined {
    return this.#parts.view.hostPath(path);
  }

  launch(
    command: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>,
    options: ProgramOptions,
  ): LaunchedProgram {
    const { tools, init } = this.#parts;
    const enter = ["-t", String(init.pid), "-m", "-p", "--no-fork", "--"];
    const starter = [tools.unshare, "--fork", "--kill-child=SIGKILL", "--"];
    const begin = ["/bin/sh", "-c", ENTER, "spotproof-start", tools.setsid, this.seenWorkFolder];
    return launchProgram(
      {
        file: tools.nsenter,
        args: [...enter, ...starter, ...begin, ...command],
        folder: "/",
        environment,
        byStarter: true,
      },
      options,
      this.#parts,
    );
  }

  inhabitants(): readonly Inhabitant[] {
    return this.#tree.members();
  }

  async pause(): Promise<() => Promise<void>> {
    const paused = await this.#tree.pause();
    return () => paused.resume();
  }

  async kill(): Promise<readonly LeftFile[]> {
    const { init } = this.#parts;
    // Its memory can be looked at only while its first process lives.
    const inMemory = (await init.killOthers()) ? await this.#filesInMemory() : [];
    await init.kill();
    await this.#untilGone();
    return inMemory;
  }

  #filesInMemory(): Promise<readonly LeftFile[]> {
    if (this.#parts.view.hostPath(SHARED_MEMORY) !== undefined) return Promise.resolve([]);
    return filesLeftIn({
      folder: `/proc/${this.#parts.init.pid}/root${SHARED_MEMORY}`,
      prefix: `${SHARED_MEMORY}/`,
      where: "tmp",
      before: new Map(),
    });
  }

  /** The kernel has killed all; starters go when they have seen it. Whoever carries the mark is looked for all the same. */
  async #untilGone(): Promise<void> {
    const { clock, processes, mark } = this.#parts;
    const limit = clock.now() + GONE_LIMIT_MS;
    for (let pollMs = 1; ; pollMs = Math.min(pollMs * 2, 100)) {
      const left = processes
        .list()
        .filter((one) => !one.zombie && (processes.startedWith(one.pid, mark) || this.#isInside(one.pid)));
      if (left.length === 0) return;
      if (clock.now() > limit) {
        throw new SpotproofError(
          "internal",
          `These processes of a machine do not end even when killed: ${left.map(({ name, pid }) => `${name} (pid ${pid})`).join(", ")}. They may hang in the kernel, for example on a network file system that is away.`,
        );
      }
      if (pollMs > 16) for (const { pid } of left) processes.signal(pid, "SIGKILL");
      await clock.sleep(pollMs);
    }
  }

  #isInside(pid: number): boolean {
    return this.#namespace !== undefined && namespaceOf(pid) === this.#namespace;
  }

  /** All processes of this computer but the machine's first one and its helper; those inside belong. */
  #insideTable(): ProcessTable {
    const { processes, init } = this.#parts;
    return {
      ...processes,
      list: () =>
        processes
          .list()
          .filter(
            ({ pid, parentPid }) =>
              pid !== init.pid && !(parentPid === init.pid && processes.startedWith(pid, init.mark)),
          ),
      startedWith: (pid) => this.#isInside(pid),
    };
  }
}

/** The name of a process's pid namespace; undefined when it is gone. */
function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}
