import fs, { type FileHandle } from "node:fs/promises";
import type { ContentPart } from "../format/chunk.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { folderError, isVanished } from "./folder-errors.ts";
import { eachAtATime } from "../each-at-a-time.ts";
import { type FileReading, type ScannedFile, rememberFile } from "./file-reading.ts";
import { storeInBatches } from "./read-batches.ts";
import { isTrustworthy } from "./saver-index.ts";
import { type FileStat, sameState, toFileStat } from "./scan.ts";

/** Files up to this size are read whole, several at a time. */
export const SMALL_FILE_BYTES = 1024 * 1024;
const SMALL_FILES_AT_A_TIME = 8;
/** So many small files are worth being read by other threads. */
const WORTH_A_BATCH = 16;

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
  const small = files.filter(isSmall);
  const large = files.filter((file) => !isSmall(file));
  const bytes = files.reduce((sum, { stat }) => sum + stat.size, 0);
  const workshop = reading.storer.expect(bytes, files.length);
  // A stat is compared again after reading: what counts is how old its times were when reading began.
  const beganNs = await nowNs();
  if (workshop.readFiles === undefined || small.length < WORTH_A_BATCH)
    await eachAtATime(small, SMALL_FILES_AT_A_TIME, (file) => storeOne(file, beganNs));
  else
    changed.push(...(await storeInBatches(reading, workshop, small, (stat) => isTrustworthy(stat, beganNs))));
  await eachAtATime(large, 1, async (file) => storeOne(file, await nowNs()));
  return changed;
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
    const before = reading.index.files.get(file.path)?.parts;
    return withFile(reading, file, (handle) => reading.storer.storeFile(handle, file.stat.sparse, before));
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
