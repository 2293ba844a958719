import fs, { type FileHandle } from "node:fs/promises";
import type { ContentPart } from "../format/chunk.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import type { ContentStorer } from "./content-storer.ts";
import { folderError, isVanished } from "./folder-errors.ts";
import type { FolderPath } from "./folder-path.ts";
import { type SaverIndex, isTrustworthy } from "./saver-index.ts";
import { type FileStat, type ScannedEntry, sameState, toFileStat } from "./scan.ts";

/** A file as a scan found it. */
export type ScannedFile = Extract<ScannedEntry, { kind: "file" }>;

/** Files up to this size are read whole, several at a time. */
export const SMALL_FILE_BYTES = 1024 * 1024;
const SMALL_FILES_AT_A_TIME = 8;

/** What reading the files of one folder takes. */
export interface FileReading {
  readonly folder: FolderPath;
  readonly index: SaverIndex;
  readonly storer: ContentStorer;
  readonly signal: AbortSignal | undefined;
  /** Buffers for small files, used again and again. */
  readonly smallBuffers: Buffer[];
}

/**
 * Reads files where they lie and stores their chunks. What did not change meanwhile is known to the index afterwards;
 * gives the files that did change or vanish.
 */
export async function storeFromFolder(
  reading: FileReading,
  files: readonly ScannedFile[],
  nowNs: () => Promise<bigint>,
): Promise<readonly PathBytes[]> {
  const changed: PathBytes[] = [];
  const storeOne = async (file: ScannedFile, lookedAtNs: bigint): Promise<void> => {
    const parts = await storeContent(reading, file);
    if (parts === "changed") changed.push(file.path);
    else rememberFile(reading.index, file, parts, isTrustworthy(file.stat, lookedAtNs));
  };
  // A stat is compared again after reading: what counts is how old its times were when reading began.
  const beganNs = await nowNs();
  await eachAtATime(files.filter(isSmall), SMALL_FILES_AT_A_TIME, (file) => storeOne(file, beganNs));
  const large = files.filter((file) => !isSmall(file));
  await eachAtATime(large, 1, async (file) => storeOne(file, await nowNs()));
  return changed;
}

/** Puts down what was read of a file. */
export function rememberFile(
  index: SaverIndex,
  file: ScannedFile,
  parts: readonly ContentPart[],
  trusted: boolean,
): void {
  const { path, stat } = file;
  index.files.set(path, { stat, parts, listedMtimeNs: stat.mtimeNs, sparse: stat.sparse, trusted });
}

/** The content of a small file, or `changed` when it is not any more what the scan saw. `into` has room for it. */
export function readSmallFile(
  reading: FileReading,
  file: ScannedFile,
  into: Buffer = Buffer.allocUnsafeSlow(file.stat.size),
): Promise<Buffer | "changed"> {
  return withFile(reading, file, async (handle) => {
    const bytes = into.subarray(0, file.stat.size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes;
  });
}

/** Whether a file is read whole. */
export function isSmall(file: ScannedFile): boolean {
  return file.stat.size <= SMALL_FILE_BYTES;
}

/** Reads a file where it lies and stores its chunks. `changed` when it is not any more what the scan saw. */
export async function storeContent(
  reading: FileReading,
  file: ScannedFile,
): Promise<readonly ContentPart[] | "changed"> {
  if (!isSmall(file)) {
    return withFile(reading, file, (handle) => reading.storer.storeFile(handle, file.stat.sparse));
  }
  const buffer = reading.smallBuffers.pop() ?? Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);
  const bytes = await readSmallFile(reading, file, buffer);
  const parts = bytes === "changed" ? bytes : await reading.storer.storeBytes(bytes, file.stat.sparse);
  reading.smallBuffers.push(buffer); // only after a success: what failed may still be reading it
  return parts;
}

async function withFile<Result>(
  { folder, signal }: FileReading,
  file: ScannedFile,
  use: (handle: FileHandle) => Promise<Result>,
): Promise<Result | "changed"> {
  signal?.throwIfAborted();
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants; // a pipe may have taken the file's place: do not wait for it
  let handle: FileHandle;
  try {
    handle = await fs.open(folder.of(file.path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isVanished(error)) return "changed";
    throw folderError(`The file ${folder.show(file.path)} cannot be read`, error);
  }
  try {
    const result = await use(handle);
    return sameState(file.stat, await statOf(handle)) ? result : "changed";
  } catch (error) {
    throw folderError(`The file ${folder.show(file.path)} cannot be read`, error);
  } finally {
    await handle.close();
  }
}

async function statOf(handle: FileHandle): Promise<FileStat> {
  return toFileStat(await handle.stat({ bigint: true }));
}

/** Runs an action for each item, so many at a time, in order. When one fails no further one begins, and all are awaited. */
export async function eachAtATime<Item>(
  items: readonly Item[],
  atATime: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const item of left) {
      if (failed) return;
      try {
        await action(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(atATime, items.length) }, work);
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}
