import type { CheckpointId, JobName } from "../../base/index.ts";
import type { StoreKey } from "../../store/store.ts";
import type { SaveReason } from "../checkpoint.ts";
import { type Entry, inlineBytes } from "../format/file-list.ts";
import type { AttemptCheckpoints } from "./attempt-checkpoints.ts";
import type { ContentStorer } from "./content-storer.ts";
import type { PackWriter } from "./pack-writer.ts";
import { packsNeeded, writeList } from "./write-list.ts";

/** What a checkpoint says of itself beside its content, and who must agree to it. */
export interface CheckpointLabel {
  readonly job: JobName;
  readonly reason: SaveReason;
  readonly capturedAtWallMs: number;
  readonly note: Readonly<Record<string, unknown>>;
  readonly confirm: () => Promise<"valid" | "fenced-out">;
  /** See `ContentsSaveRequest`. */
  readonly signsOfEnd?: readonly StoreKey[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A checkpoint whose manifest is durable. */
export interface CommittedCheckpoint {
  readonly id: CheckpointId;
  readonly files: number;
  readonly totalBytes: number;
  /** Bytes that it added to the store, its manifest included. */
  readonly storedBytes: number;
}

/**
 * The end of every save: its list, its packs, then its manifest, which is the commit (C1), then the look whether the attempt
 * still owns the job. A list of up to `mostListBytes` stands in the manifest.
 */
export async function commitCheckpoint(
  checkpoints: AttemptCheckpoints,
  { job, reason, capturedAtWallMs, note, confirm, signsOfEnd, signal }: CheckpointLabel,
  entries: readonly Entry[],
  { writer, storer }: { readonly writer: PackWriter; readonly storer: ContentStorer },
  mostListBytes?: number,
): Promise<CommittedCheckpoint | "fenced-out"> {
  const { index } = checkpoints;
  const list = await writeList(entries, storer, mostListBytes);
  await writer.flush();
  const files = entries.filter((entry) => entry.type !== "directory").length;
  const totalBytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  const id = checkpoints.nextId();
  const { manifestBytes, isOwner } = await checkpoints.commit(
    {
      format: entries.some((entry) => inlineBytes(entry) > 0) ? 2 : 1,
      job,
      id,
      reason,
      capturedAt: new Date(capturedAtWallMs).toISOString(),
      note,
      files,
      totalBytes,
      list,
      packs: packsNeeded(entries, list, index),
    },
    signsOfEnd,
    signal,
  );
  index.forgetFilesBut(new Set(entries.map(({ path }) => path)));
  if (!isOwner && (await confirm()) === "fenced-out") return "fenced-out";
  checkpoints.acknowledge(id);
  return { id, files, totalBytes, storedBytes: writer.storedBytes + manifestBytes };
}
