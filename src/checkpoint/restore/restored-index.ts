import { type ContentPart, isChunk, isInline } from "../format/chunk.ts";
import { ChunksByPack } from "../format/chunks-by-pack.ts";
import type { Entry, FileEntry } from "../format/file-list.ts";
import type { Manifest } from "../format/manifest.ts";
import type { FolderPath } from "../save/folder-path.ts";
import { SaverIndex, isTrustworthy } from "../save/saver-index.ts";
import { scanFolder } from "../save/scan.ts";

/** What the saver that goes on from a restored folder may know: its files as they lie there now, and their chunks. */
export async function indexRestored(
  folder: FolderPath,
  manifest: Manifest,
  entries: readonly Entry[],
): Promise<SaverIndex> {
  const index = indexChunks(manifest, entries);
  const files = new Map<string, FileEntry>();
  for (const entry of entries) if (entry.type === "file") files.set(entry.path, entry);
  const scan = await scanFolder(folder);
  // The folder itself was given its attributes last: that moment by the clock of the file system.
  const lookedAtNs = scan.entries[0]?.stat.ctimeNs ?? 0n;
  for (const { kind, path, stat } of scan.entries) {
    const entry = kind === "file" ? files.get(path) : undefined;
    if (entry === undefined || entry.size !== stat.size) continue;
    const { parts, mtimeNs: listedMtimeNs, sparse } = entry;
    if (parts.some(isInline)) continue; // the saver of folders writes no inline bytes: it reads these few again
    index.files.set(path, { stat, parts, listedMtimeNs, sparse, trusted: isTrustworthy(stat, lookedAtNs) });
  }
  return index;
}

/** What the saver that goes on from a checkpoint may refer to: its chunks, and nothing of its files yet. */
export function indexChunks(manifest: Manifest, entries: readonly Entry[]): SaverIndex {
  const index = new SaverIndex();
  const chunks = new ChunksByPack();
  const add = (part: ContentPart): void => {
    if (isChunk(part)) chunks.add(part);
  };
  if (manifest.list.kind === "chunks") manifest.list.chunks.forEach(add);
  for (const entry of entries) if (entry.type === "file") entry.parts.forEach(add);
  for (const [pack, sizeBytes] of manifest.packs) index.addPack(pack, sizeBytes, chunks.of(pack));
  return index;
}
