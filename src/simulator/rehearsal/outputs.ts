import { constants, copyFile, mkdir, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { parseJobName, systemErrorCode } from "../../base/index.ts";
import { listCheckpoints, restoreTo } from "../../checkpoint/index.ts";
import type { Store } from "../../store/index.ts";
import { type Comparison, compareFiles } from "./compare-files.ts";
import type { LaneMachine } from "./lane-machine.ts";
import type { OutputComparison } from "./record.ts";
import { REHEARSED_JOB } from "./rehearsed-command.ts";

/** An output of a job, kept where its machines cannot take it away. */
export interface CollectedOutput {
  /** As the job names it. */
  readonly path: string;
  /** The copy on this computer; undefined when there was none. */
  readonly copy: string | undefined;
  /** It was found in something that outlives machines. */
  readonly durable: boolean;
}

/** Where outputs of a completed job are looked for. */
export interface OutputSearch {
  readonly files: readonly string[];
  readonly machine: LaneMachine;
  readonly workingFolder: string;
  /** Relative to the working folder; undefined when the job keeps none. */
  readonly checkpointFolder: string | undefined;
  readonly store: (() => Promise<Store>) | undefined;
  readonly shared: readonly string[];
  /** Where copies go. */
  readonly folder: string;
}

/**
 * Copies the outputs of a job that is done, while its last machine is still there. What lies in the checkpoint folder is
 * read back from the store: only that is what a person would have in the morning.
 */
export async function collectOutputs(search: OutputSearch): Promise<readonly CollectedOutput[]> {
  if (search.files.length === 0) return [];
  await mkdir(search.folder, { recursive: true });
  const restored = await restoreNewest(search);
  const collected: CollectedOutput[] = [];
  for (const [index, path] of search.files.entries()) {
    const { source, durable } = locate(search, path, restored);
    const copy = join(search.folder, String(index));
    const found = source !== undefined && (await copyIfThere(source, copy));
    collected.push({ path, copy: found ? copy : undefined, durable: durable && found });
  }
  return collected;
}

function locate(
  { machine, workingFolder, checkpointFolder, shared }: OutputSearch,
  path: string,
  restored: string | undefined,
): { readonly source: string | undefined; readonly durable: boolean } {
  const absolute = resolve(workingFolder, path);
  const inCheckpoint =
    checkpointFolder === undefined ? undefined : inside(absolute, resolve(workingFolder, checkpointFolder));
  if (inCheckpoint !== undefined && restored !== undefined)
    return { source: join(restored, inCheckpoint), durable: true };
  const durable = shared.some((folder) => inside(absolute, folder) !== undefined);
  return { source: machine.machine.hostPath(path), durable };
}

/** The way from a folder to a path in it; undefined when it does not lie there. */
function inside(path: string, folder: string): string | undefined {
  const way = relative(folder, path);
  return way === ".." || way.startsWith("../") || isAbsolute(way) ? undefined : way;
}

async function restoreNewest({ store, folder }: OutputSearch): Promise<string | undefined> {
  if (store === undefined) return undefined;
  const job = parseJobName(REHEARSED_JOB);
  const opened = await store();
  const [newest] = await listCheckpoints(opened, job);
  if (newest === undefined) return undefined;
  const target = join(folder, "restored");
  await restoreTo(opened, job, newest.id, target);
  return target;
}

async function copyIfThere(source: string, copy: string): Promise<boolean> {
  try {
    if (!(await stat(source)).isFile()) return false;
    await copyFile(source, copy, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}

/** Compares the outputs of a job with those of its run alone. */
export async function compareOutputs(
  actual: readonly CollectedOutput[],
  expected: readonly CollectedOutput[],
  comparison: Comparison,
): Promise<readonly OutputComparison[]> {
  const compared: OutputComparison[] = [];
  for (const { path, copy, durable } of actual) {
    const alone = expected.find((one) => one.path === path)?.copy;
    if (alone === undefined) compared.push({ path, result: "missing-alone", durable });
    else if (copy === undefined) compared.push({ path, result: "missing", durable });
    else compared.push({ path, durable, ...(await compareFiles(alone, copy, comparison)) });
  }
  return compared;
}

/** Outputs that never came to be, for a job that was not done. */
export function missingOutputs(files: readonly string[]): readonly OutputComparison[] {
  return files.map((path) => ({ path, result: "missing", durable: false }));
}
