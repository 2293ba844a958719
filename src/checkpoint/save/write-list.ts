import { type PackId, SpotproofError } from "../../base/index.ts";
import { type ChunkRef, isChunk } from "../format/chunk.ts";
import { LIST_CHUNKS } from "../format/chunker.ts";
import { type Entry, entryToLine } from "../format/file-list.ts";
import type { WrittenList } from "../format/manifest.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import type { ContentStorer } from "./content-storer.ts";
import type { SaverIndex } from "./saver-index.ts";
import type { FileStat, Scan } from "./scan.ts";

/** A list up to this length stands in the manifest itself, which spares one object. */
const INLINE_BYTES = 16 * 1024;
/** Lines are gathered to pieces of this length before they are cut. */
const PIECE_BYTES = 1024 * 1024;

/** The first name, in the order of the list, of every file that has several: the others become hard links to it. */
export function firstNames(scan: Scan): ReadonlyMap<PathBytes, PathBytes> {
  const firstByInode = new Map<string, PathBytes>();
  const links = new Map<PathBytes, PathBytes>();
  for (const { kind, path, stat } of scan.entries) {
    if (kind !== "file" || stat.nlink < 2) continue;
    const first = firstByInode.get(inodeOf(stat));
    if (first === undefined) firstByInode.set(inodeOf(stat), path);
    else links.set(path, first);
  }
  return links;
}

/** Tells files apart whatever their names. */
export function inodeOf(stat: FileStat): string {
  return `${stat.dev}:${stat.ino}`;
}

/** The entries of a file list: a scan joined with what is known of its files. All of them must be known. */
export function listEntries(scan: Scan, index: SaverIndex): readonly Entry[] {
  const links = firstNames(scan);
  return scan.entries.map((scanned): Entry => {
    const { path, stat } = scanned;
    const attributes = { mode: stat.mode, mtimeNs: stat.mtimeNs, uid: stat.uid, gid: stat.gid };
    if (scanned.kind === "directory") return { type: "directory", path, ...attributes };
    if (scanned.kind === "symlink") return { type: "symlink", path, ...attributes, target: scanned.target };
    const target = links.get(path);
    if (target !== undefined) return { type: "hardlink", path, target };
    const known = index.files.get(path);
    if (known === undefined) throw internal(`The file ${path} was listed before it was read.`);
    const { parts, sparse, listedMtimeNs } = known;
    return { type: "file", path, ...attributes, mtimeNs: listedMtimeNs, size: stat.size, sparse, parts };
  });
}

/** Stores the file list, unless it is short enough for the manifest. */
export async function writeList(
  entries: readonly Entry[],
  storer: ContentStorer,
  mostInlineBytes: number = INLINE_BYTES,
): Promise<WrittenList> {
  const lines: string[] = [];
  let inlineBytes = 0;
  for (const entry of entries) {
    const line = entryToLine(entry);
    inlineBytes += line.length - 1;
    if (inlineBytes > mostInlineBytes) return { kind: "chunks", chunks: await storeList(entries, storer) };
    lines.push(line);
  }
  return { kind: "lines", lines };
}

async function storeList(entries: readonly Entry[], storer: ContentStorer): Promise<readonly ChunkRef[]> {
  const stream = storer.storeStream(LIST_CHUNKS);
  let lines: string[] = [];
  let length = 0;
  for (const entry of entries) {
    const line = entryToLine(entry);
    lines.push(line);
    length += line.length;
    if (length < PIECE_BYTES) continue;
    await stream.write(Buffer.from(lines.join("")));
    lines = [];
    length = 0;
  }
  await stream.write(Buffer.from(lines.join("")));
  return stream.end();
}

/** Every pack that holds a part of a checkpoint, with its size. All of them must be durable. */
export function packsNeeded(
  entries: readonly Entry[],
  list: WrittenList,
  index: SaverIndex,
): ReadonlyMap<PackId, number> {
  const packs = new Map<PackId, number>();
  const need = ({ pack }: ChunkRef): void => {
    if (packs.has(pack)) return;
    const sizeBytes = index.packBytes(pack);
    if (sizeBytes === undefined) throw internal(`Pack ${pack} is referred to before it is durable.`);
    packs.set(pack, sizeBytes);
  };
  if (list.kind === "chunks") list.chunks.forEach(need);
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    for (const part of entry.parts) if (isChunk(part)) need(part);
  }
  return packs;
}

function internal(detail: string): SpotproofError {
  return new SpotproofError("internal", detail);
}
