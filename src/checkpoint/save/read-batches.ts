import { eachAtATime } from "../each-at-a-time.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import type { Workshop } from "../workshop/workshop.ts";
import { BLOCK_ROOM_BYTES } from "../workshop/workshop.ts";
import { folderError } from "./folder-errors.ts";
import { type FileReading, type ScannedFile, rememberFile } from "./file-reading.ts";
import type { FileStat } from "./scan.ts";

/** More in one batch would make one thread busy while another has nothing to do. */
const FILES_IN_A_BATCH = 256;
/** More batches than blocks: the others wait for one. */
const BATCHES_AT_A_TIME = 4;

interface Batch {
  readonly files: { readonly path: PathBytes; readonly stat: FileStat; readonly at: number }[];
  bytes: number;
}

/**
 * Reads small files where they lie, many at a time in the threads of a workshop, and stores their chunks. What did not
 * change meanwhile is known to the index afterwards; gives the files that did change or vanish.
 */
export async function storeInBatches(
  reading: FileReading,
  workshop: Workshop,
  files: readonly ScannedFile[],
  isTrusted: (stat: FileStat) => boolean,
): Promise<readonly PathBytes[]> {
  const changed: PathBytes[] = [];
  await eachAtATime(inBatches(files), BATCHES_AT_A_TIME, async (batch) => {
    changed.push(...(await storeBatch(reading, workshop, batch, isTrusted)));
  });
  return changed;
}

async function storeBatch(
  reading: FileReading,
  workshop: Workshop,
  { files }: Batch,
  isTrusted: (stat: FileStat) => boolean,
): Promise<readonly PathBytes[]> {
  const { folder, index, storer, signal } = reading;
  const block = await workshop.takeBlock();
  signal?.throwIfAborted();
  const outcomes = (await workshop.readFiles?.(block, { folder: folder.path, files })) ?? [];
  const read: Batch["files"] = [];
  const changed: PathBytes[] = [];
  for (const [at, file] of files.entries()) {
    const outcome = outcomes[at];
    if (outcome instanceof Error)
      throw folderError(`The file ${folder.show(file.path)} cannot be read`, outcome);
    if (outcome === "read") read.push(file);
    else changed.push(file.path);
  }
  const contents = read.map(({ path, at, stat }) => ({
    path,
    start: at,
    end: at + stat.size,
    sparse: stat.sparse,
  }));
  const stored = await storer.storeInBlock(workshop, block, contents);
  for (const [at, { path, stat }] of read.entries()) {
    rememberFile(index, { kind: "file", path, stat }, stored[at] ?? [], isTrusted(stat));
  }
  block.release(); // only after a success: what failed may still be using it
  return changed;
}

function inBatches(files: readonly ScannedFile[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const { path, stat } of files) {
    let batch = batches.at(-1);
    const fits = batch !== undefined && batch.bytes + stat.size <= BLOCK_ROOM_BYTES;
    if (batch === undefined || !fits || batch.files.length === FILES_IN_A_BATCH) {
      batch = { files: [], bytes: 0 };
      batches.push(batch);
    }
    batch.files.push({ path, stat, at: batch.bytes });
    batch.bytes += stat.size;
  }
  return batches;
}
