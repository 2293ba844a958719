import { spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import { type Clock, SpotproofError, formatDuration, reasonOf, systemErrorCode } from "../../base/index.ts";
import type { OutputComparison } from "./record.ts";

/** Whether two files are the same, and if not, where they differ. */
export type ComparedFiles = Pick<OutputComparison, "result" | "detail">;

/** How files are compared. */
export interface Comparison {
  /** A shell command that gets both files as arguments; status 0 means the same. Undefined: byte by byte. */
  readonly sameBy: string | undefined;
  readonly clock: Clock;
  /** Ends the command. */
  readonly signal: AbortSignal;
}

/**
 * Compares two files.
 * @throws SpotproofError `bad-usage` when the command cannot be started
 */
export async function compareFiles(
  expected: string,
  actual: string,
  comparison: Comparison,
): Promise<ComparedFiles> {
  const { sameBy } = comparison;
  if (sameBy !== undefined) return compareByCommand(sameBy, [expected, actual], comparison);
  const a = await open(expected, "r");
  try {
    const b = await open(actual, "r");
    try {
      return await compareBytes(a, b);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

/** Results may be larger than memory. */
const PART_BYTES = 1024 * 1024;

async function compareBytes(expected: FileHandle, actual: FileHandle): Promise<ComparedFiles> {
  const [{ size }, { size: actualSize }] = await Promise.all([expected.stat(), actual.stat()]);
  if (size !== actualSize) return { result: "different", detail: `${actualSize} instead of ${size} bytes` };
  for (let position = 0; position < size; position += PART_BYTES) {
    const [a, b] = await Promise.all([readPart(expected, position), readPart(actual, position)]);
    if (a.equals(b)) continue;
    const at = position + a.findIndex((byte, index) => byte !== b[index]);
    return { result: "different", detail: `${size} bytes each, the first difference at byte ${at}` };
  }
  return { result: "same" };
}

async function readPart(file: FileHandle, position: number): Promise<Buffer> {
  const part = Buffer.alloc(PART_BYTES);
  let filled = 0;
  while (filled < PART_BYTES) {
    const { bytesRead } = await file.read(part, filled, PART_BYTES - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return part.subarray(0, filled);
}

const COMMAND_LIMIT_MS = 300_000;
const DETAIL_LENGTH = 500;

function compareByCommand(
  command: string,
  files: readonly string[],
  { clock, signal }: Comparison,
): Promise<ComparedFiles> {
  return new Promise((accept, reject) => {
    const child = spawn("/bin/sh", ["-c", `${command} "$@"`, "spotproof-same", ...files], {
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: what the shell has started is ended with it.
      detached: true,
    });
    let words = "";
    let isLate = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        if (words.length < DETAIL_LENGTH) words += chunk.toString("utf8");
      });
    }
    const kill = (): void => killGroup(child.pid);
    const timer = clock.after(COMMAND_LIMIT_MS, () => {
      isLate = true;
      kill();
    });
    signal.addEventListener("abort", kill);
    const settle = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", kill);
    };
    if (signal.aborted) kill();
    child.once("error", (error) => {
      settle();
      reject(new SpotproofError("bad-usage", `--same-by cannot be run: ${reasonOf(error)}.`));
    });
    child.once("close", (status) => {
      settle();
      const said = words.trim().slice(0, DETAIL_LENGTH);
      const detail = isLate ? `--same-by was not done after ${formatDuration(COMMAND_LIMIT_MS)}` : said;
      accept({ result: status === 0 ? "same" : "different", ...(detail === "" ? {} : { detail }) });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}
