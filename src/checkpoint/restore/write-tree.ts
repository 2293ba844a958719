import fs from "node:fs/promises";
import { SpotproofError, formatBytes } from "../../base/index.ts";
import { eachAtATime } from "../each-at-a-time.ts";
import { type ChunkRef, isChunk, isInline, partBytes } from "../format/chunk.ts";
import { ChunksByPack } from "../format/chunks-by-pack.ts";
import type { Entry, FileEntry } from "../format/file-list.ts";
import { pathBuffer } from "../format/path-bytes.ts";
import type { FolderPath } from "../save/folder-path.ts";
import { openWorkshop } from "../workshop/open-workshop.ts";
import { USUAL_BLOCKS, type Workshop } from "../workshop/workshop.ts";
import { MemoryKeeper } from "../workshop/workshop-memory.ts";
import { type FilePiece, FileWriter, applyAttributes, isRoot, seconds } from "./file-writer.ts";
import { type CheckpointSource, type ChunkRun, planRuns, readRun } from "./read-checkpoint.ts";

const FILES_AT_A_TIME = 8;
/** What each entry takes on the disk beside its content, generously. */
const ENTRY_BYTES = 4096;

/** One place of one file where a chunk belongs. */
interface ChunkUse {
  readonly entry: FileEntry;
  readonly position: number;
}

/**
 * Writes a checkpoint's entries into an empty folder. Every chunk is verified before a byte of it reaches a file. Folders
 * keep the mode 0700 until `applyFolderAttributes`, so that everything can be written, moved or removed before.
 * @throws SpotproofError `checkpoint-damaged`, `codec-unavailable`, or what the store or the file system throws.
 */
export async function writeTree(
  source: CheckpointSource,
  entries: readonly Entry[],
  folder: FolderPath,
  durable: boolean,
): Promise<void> {
  await refuseFullDisk(entries, folder);
  for (const entry of entries) {
    if (entry.type === "directory" && entry.path !== "")
      await fs.mkdir(folder.of(entry.path), { mode: 0o700 });
  }
  await writeContents(source, entries, folder, durable);
  for (const entry of entries) {
    source.signal?.throwIfAborted();
    if (entry.type === "hardlink") await fs.link(folder.of(entry.target), folder.of(entry.path));
    if (entry.type !== "symlink") continue;
    await fs.symlink(pathBuffer(entry.target), folder.of(entry.path));
    await applyAttributes(folder, entry.path, entry, true);
  }
}

/** Gives every folder its owner, mode and time: the innermost first, since writing in a folder changes its time. */
export async function applyFolderAttributes(
  entries: readonly Entry[],
  folder: FolderPath,
  durable: boolean,
): Promise<void> {
  for (const entry of [...entries].reverse()) {
    if (entry.type !== "directory") continue;
    if (durable) await syncFolder(folder.of(entry.path));
    await applyAttributes(folder, entry.path, entry, false);
  }
}

async function syncFolder(path: Buffer): Promise<void> {
  const handle = await fs.open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeContents(
  source: CheckpointSource,
  entries: readonly Entry[],
  folder: FolderPath,
  durable: boolean,
): Promise<void> {
  const chunks = new ChunksByPack();
  const uses = new Map<ChunkRef["hash"], ChunkUse[]>();
  const files = entries.filter((entry) => entry.type === "file");
  const bytes = files.reduce((sum, entry) => sum + contentBytes(entry), 0);
  const workshop = openWorkshop(bytes, files.length, new MemoryKeeper(source.readsAtATime));
  const writer = new FileWriter(folder, durable);
  const writing: ContentWriting = { source, folder, durable, uses, writer, workshop };
  try {
    await eachAtATime(files, FILES_AT_A_TIME, async (entry) => {
      const { pieces, inline } = noteUses(entry, chunks, uses);
      if (!isWrittenAtOnce(entry, workshop)) await writer.begin(entry, pieces);
      if (inline.length > 0) await writer.write(entry, inline);
    });
    const runs = [...chunks.packs()].flatMap((pack) => planRuns(chunks.of(pack)));
    await eachAtATime(runs, source.readsAtATime ?? USUAL_BLOCKS, (run) => writeRun(writing, run));
  } finally {
    workshop.close("failure"); // of a restore there is no next one that its memory should be kept for
    await writer.close();
  }
}

/** Notes where chunks belong. Gives the number of a file's pieces, and those of them that stand in the list. */
function noteUses(
  entry: FileEntry,
  chunks: ChunksByPack,
  uses: Map<ChunkRef["hash"], ChunkUse[]>,
): { readonly pieces: number; readonly inline: readonly FilePiece[] } {
  let position = 0;
  let pieces = 0;
  const inline: FilePiece[] = [];
  for (const part of entry.parts) {
    if (isInline(part)) {
      inline.push({ position, bytes: part.inline });
      pieces += 1;
    } else if (typeof part !== "number") {
      const known = uses.get(part.hash);
      if (known === undefined) {
        uses.set(part.hash, [{ entry, position }]);
        chunks.add(part);
      } else known.push({ entry, position });
      pieces += 1;
    }
    position += partBytes(part);
  }
  return { pieces, inline };
}

/** What writing the contents of a tree takes. */
interface ContentWriting {
  readonly source: CheckpointSource;
  readonly folder: FolderPath;
  readonly durable: boolean;
  readonly uses: ReadonlyMap<ChunkRef["hash"], readonly ChunkUse[]>;
  readonly writer: FileWriter;
  readonly workshop: Workshop;
}

/** A file of one chunk is written as soon as that is there, by a workshop that has threads for it. */
function isWrittenAtOnce({ parts }: FileEntry, workshop: Workshop): boolean {
  return workshop.writeFiles !== undefined && parts.length === 1 && parts.every(isChunk);
}

async function writeRun(writing: ContentWriting, run: ChunkRun): Promise<void> {
  const { source, uses, writer, workshop } = writing;
  source.signal?.throwIfAborted();
  const block = await workshop.takeBlock();
  const pieces = new Map<FileEntry, FilePiece[]>();
  const use = (ref: ChunkRef, bytes: Uint8Array): void => {
    for (const { entry, position } of uses.get(ref.hash) ?? []) {
      const some = pieces.get(entry);
      if (some === undefined) pieces.set(entry, [{ position, bytes }]);
      else some.push({ position, bytes });
    }
  };
  const where = await readRun(source, run, use, { block, workshop });
  // A read that was repeated leaves behind one that may still be writing into the block.
  if (where === "elsewhere") block.discard();
  const atOnce = [...pieces].filter(([entry]) => isWrittenAtOnce(entry, workshop));
  for (const [entry] of atOnce) pieces.delete(entry);
  await writeAtOnce(writing, atOnce);
  await eachAtATime([...pieces], FILES_AT_A_TIME, ([entry, some]) =>
    writer.write(
      entry,
      some.sort((a, b) => a.position - b.position),
    ),
  );
  if (where === "in-block") block.release(); // only after a success: what failed may still be using it
}

async function writeAtOnce(
  { folder, durable, workshop }: ContentWriting,
  files: readonly (readonly [FileEntry, readonly FilePiece[]])[],
): Promise<void> {
  if (files.length === 0) return;
  await workshop.writeFiles?.({
    folder: folder.path,
    files: files.flatMap(([{ path, mode, uid, gid, mtimeNs }, pieces]) =>
      pieces.map(({ bytes }) => ({ path, mode, uid, gid, mtimeSeconds: seconds(mtimeNs), content: bytes })),
    ),
    isRoot: isRoot(),
    durable,
  });
}

async function refuseFullDisk(entries: readonly Entry[], folder: FolderPath): Promise<void> {
  const needed = entries.reduce((sum, entry) => sum + ENTRY_BYTES + contentBytes(entry), 0);
  const room = await fs.statfs(folder.path);
  if (room.blocks === 0) return; // a file system that does not tell
  const free = room.bavail * room.bsize;
  if (free >= needed) return;
  throw new SpotproofError(
    "disk-full",
    `The checkpoint needs ${formatBytes(needed)} in ${folder.path}; ${formatBytes(free)} are free.`,
  );
}

function contentBytes(entry: Entry): number {
  if (entry.type !== "file") return 0;
  return entry.parts.reduce((sum: number, part) => sum + (typeof part === "number" ? 0 : partBytes(part)), 0);
}
