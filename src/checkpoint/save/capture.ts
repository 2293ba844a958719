import fs from "node:fs/promises";
import { systemErrorCode } from "../../base/index.ts";
import { eachAtATime } from "../each-at-a-time.ts";
import type { ContentPart } from "../format/chunk.ts";
import { folderError, isVanished } from "./folder-errors.ts";
import { type FileReading, type ScannedFile, rememberFile } from "./file-reading.ts";
import { isSmall, readSmallFile, storeContent } from "./read-files.ts";
import { lstatFile, sameState } from "./scan.ts";
import type { Staging } from "./staging.ts";

/** Small files of one capture may take so much memory together. */
const MEMORY_BYTES = 64 * 1024 * 1024;
const FILES_AT_A_TIME = 8;

/** Where the content of a captured file is until it is stored. */
type CapturedContent =
  | { readonly kind: "memory"; readonly bytes: Buffer }
  | { readonly kind: "copy"; readonly path: string }
  | { readonly kind: "stored"; readonly parts: readonly ContentPart[] };

/** A file whose content was taken while the command stood still. */
interface CapturedFile {
  readonly file: ScannedFile;
  readonly content: CapturedContent;
}

/** All files that were captured in one pause. */
export interface Capture {
  readonly files: readonly CapturedFile[];
  /** Files that were read in full while the command was paused, because there was no room for a copy. */
  readonly readWhilePaused: number;
}

/**
 * Takes the content of files while the command stands still: into memory, into the staging folder, or, when there is no
 * room, straight into the store. `changed` when somebody wrote one of them all the same; nothing is kept then.
 */
export async function captureFiles(
  reading: FileReading,
  staging: Staging,
  files: readonly ScannedFile[],
): Promise<Capture | "changed"> {
  const captured: CapturedFile[] = [];
  let changed = false;
  let memoryLeft = MEMORY_BYTES;
  const fitsInMemory = (file: ScannedFile): boolean => {
    if (!isSmall(file) || file.stat.size > memoryLeft) return false;
    memoryLeft -= file.stat.size;
    return true;
  };
  const keep = (file: ScannedFile, content: CapturedContent | "changed"): void => {
    if (content === "changed") changed = true;
    else captured.push({ file, content });
  };
  const large: ScannedFile[] = [];
  const small = files.filter((file) => fitsInMemory(file) || (large.push(file), false));
  await eachAtATime(small, FILES_AT_A_TIME, async (file) => keep(file, await captureInMemory(reading, file)));
  await eachAtATime(large, 1, async (file) => keep(file, await captureLarge(reading, staging, file)));
  if (!changed) {
    return {
      files: captured,
      readWhilePaused: captured.filter(({ content }) => content.kind === "stored").length,
    };
  }
  for (const { content } of captured) {
    if (content.kind === "copy") await staging.remove(content.path);
  }
  return "changed";
}

/** Stores what was captured, now that the command runs again. `trusted` says whose later stat will prove anything. */
export async function storeCapture(
  reading: FileReading,
  staging: Staging,
  capture: Capture,
  trusted: (file: ScannedFile) => boolean,
): Promise<void> {
  for (const { file, content } of capture.files) {
    reading.signal?.throwIfAborted();
    const parts = await storeOne(reading, staging, file, content);
    rememberFile(reading.index, file, parts, trusted(file));
  }
}

async function captureInMemory(
  reading: FileReading,
  file: ScannedFile,
): Promise<CapturedContent | "changed"> {
  const bytes = await readSmallFile(reading, file);
  return bytes === "changed" ? "changed" : { kind: "memory", bytes };
}

async function captureLarge(
  reading: FileReading,
  staging: Staging,
  file: ScannedFile,
): Promise<CapturedContent | "changed"> {
  const { folder, signal } = reading;
  signal?.throwIfAborted();
  try {
    const copy = await staging.copy(folder.of(file.path), file.stat.size);
    if (copy !== undefined) {
      const now = lstatFile(folder, file.path);
      if (now !== undefined && sameState(now, file.stat)) return { kind: "copy", path: copy };
      await staging.remove(copy);
      return "changed";
    }
  } catch (error) {
    if (isVanished(error)) return "changed";
    const from = systemErrorCode(error) === undefined ? "The save" : `The file ${folder.show(file.path)}`;
    throw folderError(`${from} cannot be copied`, error);
  }
  const parts = await storeContent(reading, file);
  return parts === "changed" ? "changed" : { kind: "stored", parts };
}

async function storeOne(
  { storer, index }: FileReading,
  staging: Staging,
  file: ScannedFile,
  content: CapturedContent,
): Promise<readonly ContentPart[]> {
  if (content.kind === "stored") return content.parts;
  if (content.kind === "memory") return storer.storeBytes(content.bytes, file.stat.sparse);
  const handle = await fs.open(content.path, "r");
  try {
    return await storer.storeFile(handle, file.stat.sparse, index.files.get(file.path)?.parts);
  } finally {
    await handle.close();
    await staging.remove(content.path);
  }
}
