import type { CheckpointId, JobName } from "../../base/index.ts";
import type { Store } from "../../store/store.ts";
import type { Contents, OpenContentsRequest, OpenedContents, SkippedCheckpoint } from "../contents.ts";
import { isDamage } from "../format/damage.ts";
import { ContentsIndex } from "../save/contents-index.ts";
import { StoredContents, filesByPath } from "./contents-reading.ts";
import { type CheckpointSource, findManifest, readEntries, readManifest } from "./read-checkpoint.ts";
import { indexChunks } from "./restored-index.ts";

/**
 * Has the newest usable checkpoint of a lineage loaded. When anything that `load` reads is damaged, and `load` lets that
 * error out, the checkpoint is reported and the one before it is loaded (C02, C3): what `load` has made so far is then
 * worth nothing. Only what it reads is verified.
 * @throws SpotproofError `store-newer`, `codec-unavailable`, what `load` throws, or what the store throws: a store that does
 * not answer is no damage.
 */
export async function openContents<Value>(
  request: OpenContentsRequest,
  load: (contents: Contents) => Promise<Value> | Value,
): Promise<OpenedContents<Value>> {
  const { store, job, lineage, signal, readsAtATime, onSkipped } = request;
  const source: CheckpointSource = { store, job, signal, readsAtATime };
  const skipped: SkippedCheckpoint[] = [];
  for (const id of lineage) {
    signal?.throwIfAborted();
    try {
      const manifest = await readManifest(source, id);
      const entries = await readEntries(source, manifest);
      const files = filesByPath(entries);
      const value = await load(new StoredContents(source, files));
      const index = new ContentsIndex(indexChunks(manifest, entries), files);
      return { kind: "loaded", value, restored: { id, index }, id, note: manifest.note, skipped };
    } catch (error) {
      if (!isDamage(error)) throw error;
      skipped.push({ id, reason: error.detail });
      onSkipped?.(id, error.detail);
    }
  }
  return { kind: "none", skipped };
}

/**
 * The contents of one checkpoint, for whoever reads them later.
 * @throws SpotproofError `checkpoint-not-found`, `checkpoint-damaged`, `store-newer`, or what the store throws
 */
export async function readContents(
  store: Store,
  job: JobName,
  id: CheckpointId,
  signal?: AbortSignal,
): Promise<Contents> {
  const source: CheckpointSource = { store, job, signal };
  const entries = await readEntries(source, await findManifest(source, id));
  return new StoredContents(source, filesByPath(entries));
}
