import type { CheckpointId, JobName } from "../../base/index.ts";
import type { Store } from "../../store/store.ts";
import { pathForPeople } from "../format/path-bytes.ts";
import { type CheckpointSource, findManifest, readEntries } from "../restore/read-checkpoint.ts";

/** One file of a checkpoint. */
export interface CheckpointFile {
  /** Relative to the checkpoint folder, for people: bytes that are no UTF-8 are escaped. */
  readonly path: string;
  readonly bytes: number;
  /** When its content was last changed, by the wall clock of the machine that did, in ms since 1970. */
  readonly changedAtMs: number;
}

/**
 * The files of a checkpoint, in the order of their paths, without their content. Folders and links are left out.
 * @throws SpotproofError `checkpoint-not-found`, `checkpoint-damaged`, `store-newer`, or what the store throws
 */
export async function listCheckpointFiles(
  store: Store,
  job: JobName,
  id: CheckpointId,
  signal?: AbortSignal,
): Promise<readonly CheckpointFile[]> {
  const source: CheckpointSource = { store, job, signal };
  const entries = await readEntries(source, await findManifest(source, id));
  return entries.flatMap((entry) =>
    entry.type === "file"
      ? [
          {
            path: pathForPeople(entry.path),
            bytes: entry.size,
            changedAtMs: Number(entry.mtimeNs / 1000n) / 1000,
          },
        ]
      : [],
  );
}
