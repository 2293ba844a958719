import type { Clock } from "../../base/index.ts";
import { SpotproofError, systemErrorCode } from "../../base/index.ts";
import type { PausedCommand } from "../../checkpoint/index.ts";
import type { FileOpenForWriting, ProcessEntry, ProcessTable } from "./process-table.ts";

// Every process that the command has started, however it tried to leave (S02).
//
// A process belongs to the tree when one of these holds:
//   - it is in the process group or session of the command's leader;
//   - its parent belongs to the tree, or it has been seen there before (it may have been orphaned since);
//   - the environment that it was started with carries the mark of this attempt, which children inherit.
// A process escapes only by doing all of: leaving the session, losing its parent between two looks, and cleaning
// its environment.

/** What a process tree needs to know of the command. */
export interface ProcessTreeOptions {
  readonly table: ProcessTable;
  readonly clock: Clock;
  /** The command's first process: leader of its own session and group. */
  readonly leaderPid: number;
  /** A text that only this attempt's processes have in their environment. */
  readonly mark: string;
  /** Processes that carry the mark but are not the command's: ourselves. */
  readonly notOurs: ReadonlySet<number>;
}

/** How long all processes together may take to stand still. */
const PAUSE_LIMIT_MS = 5000;

/** The command stands still while its open files are looked at: with thousands of them, the rest is left out. In ms. */
const OPEN_FILES_LIMIT_MS = 25;

/** The living processes of one command. */
export class ProcessTree {
  readonly #options: ProcessTreeOptions;
  /** Every process that was ever seen to belong, by `pid@start`. */
  readonly #known = new Set<string>();
  /** Those whose environment was looked at and has no mark; it never changes, so one look is enough. */
  readonly #foreign = new Set<string>();

  /** Those that stand still because we want it. */
  readonly #paused = new Set<number>();

  constructor(options: ProcessTreeOptions) {
    this.#options = options;
  }

  /** Looks at the process table and gives the members that are alive now. */
  members(): readonly ProcessEntry[] {
    const { table, leaderPid, notOurs } = this.#options;
    const all = table.list().filter((entry) => !notOurs.has(entry.pid));
    const members = new Map<number, ProcessEntry>();
    for (const entry of all) {
      const isOurs = entry.groupId === leaderPid || entry.sessionId === leaderPid || entry.pid === leaderPid;
      if (isOurs || this.#known.has(identity(entry)) || this.#carriesMark(entry))
        members.set(entry.pid, entry);
    }
    addDescendants(all, members);
    for (const entry of members.values()) this.#known.add(identity(entry));
    this.#forgetAllBut(all);
    return [...members.values()].filter((entry) => !entry.zombie);
  }

  /** Sends a signal to every member. */
  signalAll(signal: NodeJS.Signals): readonly ProcessEntry[] {
    const members = this.members();
    for (const entry of members) this.#options.table.signal(entry.pid, signal);
    return members;
  }

  /**
   * Asks the first process or every one to end. One that somebody else has stopped is set going, since it would not
   * hear; one that we have paused hears when it goes on.
   */
  ask(signal: NodeJS.Signals, to: "leader" | "group"): void {
    const { table, leaderPid } = this.#options;
    for (const { pid, stopped } of this.members()) {
      if (to === "leader" && pid !== leaderPid) continue;
      table.signal(pid, signal);
      if (stopped && !this.#paused.has(pid)) table.signal(pid, "SIGCONT");
    }
  }

  /** Waits until no member is alive, at most `limitMs`. Gives those that still are. */
  async waitUntilEmpty(limitMs: number, signal?: AbortSignal): Promise<readonly ProcessEntry[]> {
    const { clock } = this.#options;
    const limit = clock.now() + limitMs;
    let pollMs = 2;
    for (;;) {
      const members = this.members();
      const remaining = limit - clock.now();
      if (members.length === 0 || remaining <= 0 || signal?.aborted === true) return members;
      await clock.sleep(Math.min(pollMs, remaining), signal);
      pollMs = Math.min(pollMs * 2, 250);
    }
  }

  /** Kills every member and waits until none is left (I4). Gives the names of those that had to be killed. */
  async killAll(limitMs: number): Promise<readonly string[]> {
    const killed = new Map<number, string>();
    const limit = this.#options.clock.now() + limitMs;
    for (;;) {
      for (const entry of this.signalAll("SIGKILL"))
        killed.set(entry.pid, `${entry.name} (pid ${entry.pid})`);
      const left = await this.waitUntilEmpty(Math.min(100, limit - this.#options.clock.now()));
      if (left.length === 0) return [...killed.values()];
      if (this.#options.clock.now() >= limit) {
        throw new SpotproofError(
          "internal",
          `These processes of the command do not end even when killed: ${left.map((entry) => `${entry.name} (pid ${entry.pid})`).join(", ")}. They may belong to another user (sudo), or hang in the kernel, for example on a network file system that is away.`,
        );
      }
    }
  }

  /**
   * Stops every member with SIGSTOP and resolves when no thread of any runs; a member that appears meanwhile is stopped
   * too. Parents first: one that waits in vfork for its child to exec can stop only after the child has gone on.
   * @throws SpotproofError `folder-changing` when one cannot be stopped in 5 s, or belongs to another user; all are set
   *   going again before.
   */
  async pause(): Promise<PausedCommand> {
    const { clock, table } = this.#options;
    const limit = clock.now() + PAUSE_LIMIT_MS;
    const stoppedByUs = new Set<number>();
    const resume = async (): Promise<void> => {
      for (const pid of stoppedByUs) {
        table.signal(pid, "SIGCONT");
        this.#paused.delete(pid);
      }
      stoppedByUs.clear();
    };
    try {
      let members: readonly ProcessEntry[];
      for (let round = 0; ; round += 1) {
        members = this.members();
        const moving = members.filter((entry) => !entry.stopped || !table.standsStill(entry.pid));
        const [first] = moving;
        if (first === undefined) break;
        if (clock.now() > limit) {
          throw new SpotproofError(
            "folder-changing",
            `${first.name} (pid ${first.pid}) did not stand still within ${PAUSE_LIMIT_MS / 1000} s.`,
          );
        }
        const movingPids = new Set(moving.map((entry) => entry.pid));
        for (const { pid, parentPid, name } of moving) {
          if (stoppedByUs.has(pid) || movingPids.has(parentPid)) continue;
          const answer = table.signal(pid, "SIGSTOP");
          if (answer === "sent") {
            stoppedByUs.add(pid);
            this.#paused.add(pid);
          }
          if (answer === "refused") throw notOursToPause(pid, name);
        }
        await clock.sleep(round < 10 ? 0 : Math.min(round, 20));
      }
      const mappedFiles = new Set<string>();
      for (const pid of stoppedByUs) for (const path of table.filesMappedWritable(pid)) mappedFiles.add(path);
      return { mappedFiles, openForWriting: this.#filesOpenForWriting(members), resume };
    } catch (error) {
      await resume();
      throw error;
    }
  }

  /** Only advice comes of it, so what cannot be read is left out: no save fails because of it. */
  #filesOpenForWriting(members: readonly ProcessEntry[]): readonly FileOpenForWriting[] {
    const { clock, table } = this.#options;
    const limit = clock.now() + OPEN_FILES_LIMIT_MS;
    const files = new Map<string, FileOpenForWriting>();
    for (const { pid } of members) {
      if (clock.now() > limit) break;
      for (const file of openFilesOf(table, pid)) {
        // Of a file that several hold open, one that does not append decides.
        if (files.get(file.path)?.append !== false) files.set(file.path, file);
      }
    }
    return [...files.values()];
  }

  /** A job of weeks starts millions of processes. */
  #forgetAllBut(all: readonly ProcessEntry[]): void {
    const living = new Set(all.map(identity));
    for (const names of [this.#known, this.#foreign]) {
      for (const name of names) if (!living.has(name)) names.delete(name);
    }
  }

  #carriesMark(entry: ProcessEntry): boolean {
    const name = identity(entry);
    if (this.#foreign.has(name)) return false;
    if (this.#options.table.startedWith(entry.pid, this.#options.mark)) return true;
    // Between fork and exec a child shows its parent's environment, so a foreign one stays foreign only after exec;
    // a child of ours is found by its parent, and one of somebody else's never gets our mark.
    this.#foreign.add(name);
    return false;
  }
}

function notOursToPause(pid: number, name: string): SpotproofError {
  return new SpotproofError(
    "folder-changing",
    `${name} (pid ${pid}) belongs to another user (sudo) and cannot be paused, so it may be writing. Run Spotproof as that user, or save with --commit-by program.`,
  );
}

function openFilesOf(table: ProcessTable, pid: number): readonly FileOpenForWriting[] {
  try {
    return table.filesOpenForWriting(pid);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

function identity(entry: ProcessEntry): string {
  return `${entry.pid}@${entry.startedAt}`;
}

function addDescendants(all: readonly ProcessEntry[], members: Map<number, ProcessEntry>): void {
  for (let grown = true; grown; ) {
    grown = false;
    for (const entry of all) {
      if (!members.has(entry.pid) && members.has(entry.parentPid)) {
        members.set(entry.pid, entry);
        grown = true;
      }
    }
  }
}
