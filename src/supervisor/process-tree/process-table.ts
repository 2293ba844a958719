import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { systemErrorCode } from "../../base/index.ts";

/** One process as the operating system shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** Together with the pid this names one process for ever: pids are used again. */
  readonly startedAt: string;
  /** Stopped by a signal (SIGSTOP and its kin). */
  readonly stopped: boolean;
  /** Ended, but its parent has not asked for its status yet. */
  readonly zombie: boolean;
  readonly name: string;
}

/** A file that a process holds open and may write to. */
export interface FileOpenForWriting {
  /** Absolute, as the process sees it. */
  readonly path: string;
  /** Every write goes to the end of the file, as a log's do. */
  readonly append: boolean;
}

/** The processes of this machine. Calls are synchronous, so that a listing is close to one moment. */
export interface ProcessTable {
  list(): readonly ProcessEntry[];
  /** Whether the environment that the process was started with contains this text; false when it cannot be read. */
  startedWith(pid: number, text: string): boolean;
  /** Whether no thread of the process runs: each is stopped or has ended. True when the process is gone. */
  standsStill(pid: number): boolean;
  /** Absolute paths of files that the process maps shared and writable; empty when that cannot be known. */
  filesMappedWritable(pid: number): readonly string[];
  /** Regular files, not yet removed, that the process holds open for writing; empty when that cannot be known. */
  filesOpenForWriting(pid: number): readonly FileOpenForWriting[];
  /** Sends a signal; "gone" when there is no such process, "refused" when it belongs to another user. */
  signal(pid: number, signal: NodeJS.Signals): "sent" | "gone" | "refused";
}

/** The real table: `/proc` on Linux, `ps` elsewhere. */
export function systemProcessTable(platform: NodeJS.Platform): ProcessTable {
  return platform === "linux" ? linuxProcessTable : portableProcessTable;
}

function sendSignal(pid: number, signal: NodeJS.Signals): "sent" | "gone" | "refused" {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ESRCH") return "gone";
    if (code === "EPERM") return "refused";
    throw error;
  }
}

/** What `/proc/<pid>/<file>` says now; undefined when the process is gone or is not ours to look at. */
function readProc(pid: number, file: string): string | undefined {
  return unlessGone(() => readFileSync(`/proc/${pid}/${file}`, "latin1"), undefined);
}

/** Flags of open(2), which Linux writes in octal into `/proc/<pid>/fdinfo/<number>`. */
const ACCESS_MODE = 0o3;
const APPEND = 0o2000;

/** What one number of `/proc/<pid>/fd` stands for, when it is a file open for writing. */
function openForWriting(pid: number, number: string): FileOpenForWriting | undefined {
  const link = `/proc/${pid}/fd/${number}`;
  return unlessGone(() => {
    const path = readlinkSync(link);
    // The cheapest look first: a paused command may hold thousands of sockets.
    if (!path.startsWith("/")) return undefined;
    const flags = /^flags:\s+([0-7]+)$/m.exec(readProc(pid, `fdinfo/${number}`) ?? "")?.[1];
    const mode = Number.parseInt(flags ?? "0", 8);
    if ((mode & ACCESS_MODE) === 0) return undefined;
    const stat = statSync(link);
    return stat.isFile() && stat.nlink > 0 ? { path, append: (mode & APPEND) !== 0 } : undefined;
  }, undefined);
}

/** What `look` finds in `/proc`, or `otherwise` when the process has ended meanwhile or is not ours to look at. */
function unlessGone<Found>(look: () => Found, otherwise: Found): Found {
  try {
    return look();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return otherwise;
    throw error;
  }
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH") return [];
    throw error;
  }
}

/** A process whose first thread has left looks like a zombie while the others go on: those tell what it is. */
function withLaterThreads(entry: ProcessEntry): ProcessEntry {
  const living = threadsOf(entry.pid).flatMap((thread) => {
    const line = readProc(entry.pid, `task/${thread}/stat`);
    const state = line === undefined ? undefined : parseProcStat(line);
    return state === undefined || state.zombie ? [] : [state];
  });
  if (living.length === 0) return entry;
  return { ...entry, zombie: false, stopped: living.every((thread) => thread.stopped) };
}

/** Reads one line of `/proc/<pid>/stat`. The name stands in parentheses and may itself hold spaces and parentheses. */
export function parseProcStat(line: string): ProcessEntry | undefined {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const fields = line.slice(close + 2).split(" ");
  const [state, parentPid, groupId, sessionId] = fields;
  const startedAt = fields[19];
  if (startedAt === undefined) return undefined;
  return {
    pid: Number(line.slice(0, open - 1)),
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    startedAt,
    stopped: state === "T" || state === "t",
    zombie: state === "Z" || state === "X",
    name: line.slice(open + 1, close),
  };
}

const linuxProcessTable: ProcessTable = {
  list() {
    const entries: ProcessEntry[] = [];
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const line = readProc(Number(name), "stat");
      const entry = line === undefined ? undefined : parseProcStat(line);
      if (entry !== undefined) entries.push(entry.zombie ? withLaterThreads(entry) : entry);
    }
    return entries;
  },
  startedWith: (pid, text) => readProc(pid, "environ")?.includes(text) ?? false,
  standsStill(pid) {
    // `/proc/<pid>/stat` tells of the first thread alone; another may still be within a write.
    return threadsOf(pid).every((thread) => {
      const line = readProc(pid, `task/${thread}/stat`);
      const entry = line === undefined ? undefined : parseProcStat(line);
      return entry === undefined || entry.stopped || entry.zombie;
    });
  },
  filesMappedWritable(pid) {
    const paths: string[] = [];
    for (const line of (readProc(pid, "maps") ?? "").split("\n")) {
      const match = /^\S+ .w.s \S+ \S+ \S+\s+(\/.*)$/.exec(line);
      // `maps` writes a newline in a name as \012; the name is bytes, which we read as latin1.
      if (match?.[1] !== undefined)
        paths.push(Buffer.from(match[1].replaceAll("\\012", "\n"), "latin1").toString("utf8"));
    }
    return paths;
  },
  filesOpenForWriting(pid) {
    const numbers = unlessGone(() => readdirSync(`/proc/${pid}/fd`), []);
    const files = new Map<string, FileOpenForWriting>();
    for (const number of numbers) {
      const file = openForWriting(pid, number);
      // Open twice: it only grows at its end if every opening of it appends.
      if (file !== undefined && files.get(file.path)?.append !== false) files.set(file.path, file);
    }
    return [...files.values()];
  },
  signal: sendSignal,
};

const portableProcessTable: ProcessTable = {
  list() {
    const output = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,sess=,stat=,lstart=,comm="], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    const entries: ProcessEntry[] = [];
    for (const line of output.split("\n")) {
      const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(
        line,
      );
      if (match === null) continue;
      const state = match[5] ?? "";
      entries.push({
        pid: Number(match[1]),
        parentPid: Number(match[2]),
        groupId: Number(match[3]),
        sessionId: Number(match[4]),
        startedAt: match[6] ?? "",
        stopped: state.startsWith("T"),
        zombie: state.startsWith("Z"),
        name: match[7] ?? "",
      });
    }
    return entries;
  },
  startedWith: () => false,
  standsStill(pid) {
    const entry = portableProcessTable.list().find((one) => one.pid === pid);
    return entry === undefined || entry.stopped || entry.zombie;
  },
  filesMappedWritable: () => [],
  filesOpenForWriting: () => [],
  signal: sendSignal,
};
