import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** One process of this computer. */
interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

const LONGEST_KILL_MS = 5000;

/**
 * Kills a process and everything that it started, as the end of a machine does: SIGKILL, nobody is asked.
 * Resolves when none of them exists any more.
 * @throws Error when one of them is still there after 5 s
 */
export async function killTree(root: number): Promise<void> {
  // Standing still, the root cannot start another process while the list is made.
  signal(root, "SIGSTOP");
  const members = new Map(familyOf(root, listProcesses()).map((row) => [row.pid, row]));
  const groups = new Set([...members.values()].map((row) => row.group));
  const ownGroup = listProcesses().find((row) => row.pid === process.pid)?.group;
  if (ownGroup !== undefined) groups.delete(ownGroup);
  const endMs = performance.now() + LONGEST_KILL_MS;
  for (;;) {
    const alive = listProcesses().filter((row) => members.has(row.pid) || groups.has(row.group));
    if (alive.length === 0) return;
    if (performance.now() > endMs) throw new Error(`Process ${alive[0]?.pid} cannot be killed.`);
    for (const row of alive) signal(row.pid, "SIGKILL");
    await sleep(10);
  }
}

/** The processes of this family that are alive, the root included. */
function familyOf(root: number, rows: readonly ProcessRow[]): ProcessRow[] {
  const family = rows.filter((row) => row.pid === root);
  for (const member of family) family.push(...rows.filter((row) => row.parent === member.pid));
  return family;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Ended in the meantime: that is what we want.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function listProcesses(): ProcessRow[] {
  return existsSync("/proc/self/stat") ? listFromProc() : listFromPs();
}

function listFromProc(): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, "utf8");
    } catch {
      continue; // ended since the folder was listed
    }
    // `pid (name) state parent group …`; the name may hold anything, brackets included. Z and X are already dead.
    const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") continue;
    rows.push({ pid: Number(name), parent: Number(parent), group: Number(group) });
  }
  return rows;
}

function listFromPs(): ProcessRow[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat="], { encoding: "utf8" });
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 4 && columns[3]?.startsWith("Z") === false)
    .map(([pid, parent, group]) => ({ pid: Number(pid), parent: Number(parent), group: Number(group) }));
}
