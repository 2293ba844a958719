import { type CheckpointId, type JobName, SpotproofError } from "../../base/index.ts";
import { manifestKey, packKey } from "../../store/keys.ts";
import type { Store } from "../../store/store.ts";
import type { ChunkRef } from "../format/chunk.ts";
import { damaged } from "../format/damage.ts";
import { type Entry, FileListReader } from "../format/file-list.ts";
import { type Manifest, manifestFromBytes } from "../format/manifest.ts";
import { RAW_CODEC } from "../format/codec.ts";
import { RECORD_HEADER_BYTES, checkRecordHeader, readRecord, requireHash } from "../format/pack.ts";
import type { Block, Workshop } from "../workshop/workshop.ts";

/** Chunks that lie closer together than this are read together with what is between them. */
const GAP_BYTES = 128 * 1024;
/** No read is longer, as long as it holds more than one chunk. */
const READ_BYTES = 8 * 1024 * 1024;

/** Where checkpoints of one job are read from. */
export interface CheckpointSource {
  readonly store: Store;
  readonly job: JobName;
  readonly signal: AbortSignal | undefined;
  /** So many long reads at once. */
  readonly readsAtATime?: number | undefined;
}

/** Chunks of one pack that one read brings, ascending by offset, each once. */
export interface ChunkRun {
  readonly offset: number;
  readonly length: number;
  readonly chunks: readonly ChunkRef[];
}

/** @throws SpotproofError `checkpoint-damaged` when it is missing or damaged, `store-newer`, or what the store throws. */
export async function readManifest(source: CheckpointSource, id: CheckpointId): Promise<Manifest> {
  const { store, job, signal } = source;
  const bytes = await store.read(manifestKey(job, id), { signal });
  if (bytes === undefined) throw damaged(`The manifest of ${id} is missing.`);
  return manifestFromBytes(bytes, job, id);
}

/** As `readManifest`, for a checkpoint that somebody named. @throws SpotproofError `checkpoint-not-found` when it is missing. */
export async function findManifest(source: CheckpointSource, id: CheckpointId): Promise<Manifest> {
  const { store, job, signal } = source;
  const bytes = await store.read(manifestKey(job, id), { signal });
  if (bytes !== undefined) return manifestFromBytes(bytes, job, id);
  throw new SpotproofError("checkpoint-not-found", `Job ${job} has no checkpoint ${id}.`);
}

/** The verified file list of a checkpoint. Throws as `readManifest` does. */
export async function readEntries(source: CheckpointSource, manifest: Manifest): Promise<readonly Entry[]> {
  const reader = new FileListReader(manifest.format);
  if (manifest.list.kind === "inline") manifest.list.lines.forEach((line) => reader.add(line));
  else {
    for (const run of runsInOrder(manifest.list.chunks)) {
      await readRun(source, run, (_, raw) => reader.push(Buffer.from(raw)));
    }
  }
  return reader.finish();
}

/** A block to read into, and who hashes what lies in it. */
export interface ReadingRoom {
  readonly block: Block;
  readonly workshop: Workshop;
}

/**
 * Reads chunks of one pack and hands on the verified bytes of each, in order. They may lie in the room's block, which must
 * be left alone until they are used; when this rejects, something may still be reading or writing it. Says where they lie.
 * @throws SpotproofError `checkpoint-damaged`, `codec-unavailable`, or what the store throws.
 */
export async function readRun(
  { store, job, signal }: CheckpointSource,
  run: ChunkRun,
  use: (ref: ChunkRef, raw: Uint8Array) => void,
  room?: ReadingRoom,
): Promise<"in-block" | "elsewhere"> {
  const first = run.chunks[0];
  if (first === undefined) return "in-block";
  const range = { offset: run.offset, length: run.length };
  const bytes = await store.read(packKey(job, first.pack), { range, signal, into: room?.block.bytes });
  if (bytes === undefined) throw damaged(`Pack ${first.pack} is missing.`);
  const isInBlock = room !== undefined && bytes.buffer === room.block.bytes.buffer;
  const contents = isInBlock ? await openInBlock(run, bytes, room) : await openRecords(run, bytes);
  for (const [position, ref] of run.chunks.entries()) {
    const raw = contents[position];
    if (raw !== undefined) use(ref, raw);
  }
  return isInBlock ? "in-block" : "elsewhere";
}

function recordOf(run: ChunkRun, ref: ChunkRef, bytes: Buffer): Buffer {
  const at = ref.offset - run.offset;
  return bytes.subarray(at, at + recordBytes(ref));
}

/** The verified contents of all records. */
async function openRecords(run: ChunkRun, bytes: Buffer): Promise<readonly Uint8Array[]> {
  // Decompressing takes place in other threads: side by side.
  return allOf(run.chunks.map((ref) => readRecord(ref, recordOf(run, ref, bytes))));
}

/** As `openRecords`, for bytes that lie in a block: the workshop hashes what is stored raw. */
async function openInBlock(
  run: ChunkRun,
  bytes: Buffer,
  { block, workshop }: ReadingRoom,
): Promise<readonly Uint8Array[]> {
  const base = bytes.byteOffset - block.bytes.byteOffset;
  const isRaw = (ref: ChunkRef): boolean => checkRecordHeader(ref, recordOf(run, ref, bytes)) === RAW_CODEC;
  const raw = new Set(run.chunks.filter(isRaw));
  const spans = [...raw].map((ref) => {
    const start = base + ref.offset - run.offset + RECORD_HEADER_BYTES;
    return { start, end: start + ref.storedBytes };
  });
  const rawHashes = workshop
    .hash(block, spans)
    .then((hashes) => new Map([...raw].map((ref, at) => [ref, hashes[at]])));
  return allOf(
    run.chunks.map(async (ref) => {
      const record = recordOf(run, ref, bytes);
      if (!raw.has(ref)) return readRecord(ref, record);
      requireHash(ref, ref.storedBytes, (await rawHashes).get(ref) ?? "");
      return record.subarray(RECORD_HEADER_BYTES);
    }),
  );
}

/** All results, once none is under way any more; throws the first failure. */
async function allOf<Result>(promises: readonly Promise<Result>[]): Promise<readonly Result[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** How chunks of one pack, ascending by offset, are best read. */
export function planRuns(chunks: readonly ChunkRef[]): readonly ChunkRun[] {
  return groupRuns(chunks, GAP_BYTES);
}

/** For a stream that must be read in the order of its chunks, which may lie in any pack. */
export function runsInOrder(chunks: readonly ChunkRef[]): readonly ChunkRun[] {
  return groupRuns(chunks, 0);
}

function groupRuns(chunks: readonly ChunkRef[], gapBytes: number): readonly ChunkRun[] {
  const runs: { offset: number; length: number; chunks: ChunkRef[] }[] = [];
  for (const ref of chunks) {
    const run = runs.at(-1);
    const end = ref.offset + recordBytes(ref);
    const gap = run === undefined ? -1 : ref.offset - run.offset - run.length;
    const joins = run?.chunks[0]?.pack === ref.pack && gap >= 0 && gap <= gapBytes;
    if (run !== undefined && joins && end - run.offset <= READ_BYTES) {
      run.length = end - run.offset;
      run.chunks.push(ref);
    } else runs.push({ offset: ref.offset, length: recordBytes(ref), chunks: [ref] });
  }
  return runs;
}

function recordBytes(ref: ChunkRef): number {
  return RECORD_HEADER_BYTES + ref.storedBytes;
}
