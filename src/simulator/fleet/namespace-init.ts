import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type Clock, reasonOf, systemErrorCode } from "../../base/index.ts";
import type { ProcessTable } from "../../supervisor/index.ts";
import type { MountStep } from "./machine-view.ts";
import { OutputLines } from "./output-lines.ts";

// The first process of a machine with its own namespaces: a small shell that mounts what the machine is to see and then
// reaps orphans. It reads from a pipe that only we hold open: when we are killed, however, the pipe ends, the shell ends,
// and the kernel kills everything in its namespace.

const INIT = `
mount=$1; shift
while [ "$1" != -- ]; do
  case $1 in
    bind) "$mount" --rbind -- "$2" "$3" ;;
    frozen) "$mount" -o bind,ro -- "$2" "$3" ;;
    memory) "$mount" -t tmpfs -o mode=1777 -- "$2" "$3" ;;
  esac || exit 1
  shift 3
done
echo ready
listen() {
  while read -r word; do
    [ "$word" = kill ] && kill -s KILL -- -1 2>/dev/null
    echo "done"
  done
}
exec 3<&0
while :; do
  listen <&3 &
  listener=$!
  while kill -0 $listener 2>/dev/null; do wait $listener; status=$?; done
  # Somebody inside may kill everything that he can; then it is needed anew.
  [ $status -gt 128 ] || exit 0
done
`;

/** How long the first process may take to mount everything, and to answer. */
const READY_LIMIT_MS = 20_000;
const ANSWER_LIMIT_MS = 2000;

/** The programs of this computer that namespaces take (util-linux), by path. */
export interface NamespaceTools {
  readonly unshare: string;
  readonly nsenter: string;
  readonly mount: string;
  readonly setsid: string;
}

/** Finds the tools on a PATH and where systems keep them; else the name of the one that is missing. */
export function findNamespaceTools(path: string): NamespaceTools | string {
  const folders = [...path.split(":"), "/usr/bin", "/bin", "/usr/sbin", "/sbin"].filter((one) =>
    one.startsWith("/"),
  );
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((file) => isExecutable(file));
  const names = ["unshare", "nsenter", "mount", "setsid"] as const;
  const [unshare, nsenter, mount, setsid] = names.map(find);
  if (unshare === undefined || nsenter === undefined || mount === undefined || setsid === undefined)
    return names.find((name) => find(name) === undefined) ?? "unshare";
  return { unshare, nsenter, mount, setsid };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** The first process of a machine's namespaces. */
export interface NamespaceInit {
  /** As this computer numbers it. */
  readonly pid: number;
  /** What only the first process and its helper have in their environment. */
  readonly mark: string;
  /** Kills all other processes of the namespace at one moment. False when it does not answer. */
  killOthers(): Promise<boolean>;
  /** Kills it, and so everything in the namespace. Resolves when nothing of it is left. */
  kill(): Promise<void>;
}

/** What the first process needs. */
export interface NamespaceStart {
  readonly tools: NamespaceTools;
  readonly steps: readonly MountStep[];
  readonly processes: ProcessTable;
  readonly clock: Clock;
}

/**
 * Starts the first process of new namespaces.
 * @throws Error with the tool's own words when the system does not allow it, or a mount fails.
 */
export async function startNamespace(start: NamespaceStart): Promise<NamespaceInit> {
  const { tools, clock, processes } = start;
  const mark = `SPOTPROOF_REHEARSAL_INIT=${randomBytes(16).toString("hex")}`;
  const [name = "", secret = ""] = mark.split("=");
  const namespaces = [
    "--mount",
    "--pid",
    "--fork",
    "--kill-child=SIGKILL",
    "--mount-proc",
    "--propagation=private",
  ];
  const script = ["/bin/sh", "-c", INIT, "spotproof-machine", tools.mount];
  const mounts = start.steps.flatMap(({ kind, from, to }) => [kind, from, to]);
  const child = spawn(tools.unshare, [...namespaces, "--", ...script, ...mounts, "--"], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    // Its messages are read by us, so not in the user's language.
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", [name]: secret },
  });
  const talk = new InitTalk(child, clock);
  await talk.answer("ready", READY_LIMIT_MS);
  const pid = processes.list().find((entry) => entry.parentPid === child.pid)?.pid;
  if (pid === undefined) throw new Error("the first process of the namespace ended at once");
  return {
    pid,
    mark,
    killOthers: () => talk.ask("kill"),
    async kill() {
      if (child.exitCode === null && child.signalCode === null) processes.signal(pid, "SIGKILL");
      await talk.ended;
    },
  };
}

/** What is said to the first process, and what it answers. */
class InitTalk {
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #errors: string[] = [];
  #failure: string | undefined;
  #heard: ((line: string | undefined) => void) | undefined;

  constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", (error) => {
        this.#failure = reasonOf(error);
        resolve();
      });
    });
    // What is said to a process that has just ended is said to nobody; its end is looked at.
    child.stdin?.on("error", () => this.#heard?.(undefined));
    if (child.stdout !== null) new OutputLines((line) => this.#heard?.(line)).read(child.stdout);
    if (child.stderr !== null) new OutputLines((line) => this.#errors.push(line)).read(child.stderr);
    child.once("close", () => this.#heard?.(undefined));
  }

  /** Resolves when the first process says `word`. */
  async answer(word: string, limitMs: number): Promise<void> {
    const line = await this.#next(limitMs);
    if (line === word) return;
    this.#child.kill("SIGKILL");
    await this.ended;
    const reason = this.#failure ?? this.#errors.join("; ");
    throw new Error(reason === "" ? `the namespaces were not ready within ${limitMs / 1000} s` : reason);
  }

  async ask(word: string): Promise<boolean> {
    const answer = this.#next(ANSWER_LIMIT_MS);
    this.#child.stdin?.write(`${word}\n`);
    return (await answer) === "done";
  }

  #next(limitMs: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(limitMs, () => this.#heard?.(undefined));
      this.#heard = (line) => {
        timer.cancel();
        this.#heard = undefined;
        resolve(line);
      };
    });
  }
}
