import {
  type CheckpointId,
  type JobName,
  type PackId,
  SpotproofError,
  isNumberPair,
} from "../../base/index.ts";
import { checkpointsPrefix, manifestKey } from "../../store/keys.ts";
import type { Store } from "../../store/store.ts";
import type { SaveReason } from "../checkpoint.ts";
import { isDamage } from "../format/damage.ts";
import { manifestFromBytes } from "../format/manifest.ts";

const MANIFESTS_AT_A_TIME = 8;

/** A checkpoint as its manifest describes it. */
export interface ReadableCheckpoint {
  readonly kind: "readable";
  readonly id: CheckpointId;
  readonly manifestBytes: number;
  readonly reason: SaveReason;
  /** Wall clock of the machine that saved, ISO 8601. */
  readonly capturedAt: string;
  readonly note: Readonly<Record<string, unknown>>;
  readonly files: number;
  readonly totalBytes: number;
  /** The packs that it needs, with their sizes. Packs are shared between checkpoints. */
  readonly packs: ReadonlyMap<PackId, number>;
}

/** A checkpoint whose manifest cannot be read: damaged, or written by a newer version. */
export interface UnreadableCheckpoint {
  readonly kind: "damaged" | "newer";
  readonly id: CheckpointId;
  readonly manifestBytes: number;
  readonly problem: string;
}

/** One committed checkpoint. */
export type ListedCheckpoint = ReadableCheckpoint | UnreadableCheckpoint;

/**
 * All committed checkpoints of a job, of whatever attempt, newest first. Reads manifests only, no content; not those that
 * are `known` to the caller, who has written them.
 */
export async function listCheckpoints(
  store: Store,
  job: JobName,
  signal?: AbortSignal,
  known?: ReadonlyMap<CheckpointId, ReadableCheckpoint>,
): Promise<readonly ListedCheckpoint[]> {
  const prefix = checkpointsPrefix(job);
  const objects = await store.list(prefix, { signal });
  const ids = objects
    .map(({ key }) => key.slice(prefix.length))
    .filter((name) => name.endsWith(".json") && isNumberPair(name.slice(0, -5)))
    .map((name) => name.slice(0, -5) as CheckpointId)
    .reverse();
  const listed: ListedCheckpoint[] = [];
  for (let at = 0; at < ids.length; at += MANIFESTS_AT_A_TIME) {
    const some = ids.slice(at, at + MANIFESTS_AT_A_TIME);
    const read = await Promise.all(
      some.map(async (id) => known?.get(id) ?? (await readListed(store, job, id, signal))),
    );
    listed.push(...read.filter((one) => one !== "vanished"));
  }
  return listed;
}

async function readListed(
  store: Store,
  job: JobName,
  id: CheckpointId,
  signal: AbortSignal | undefined,
): Promise<ListedCheckpoint | "vanished"> {
  const bytes = await store.read(manifestKey(job, id), { signal });
  if (bytes === undefined) return "vanished"; // pruned between the listing and now
  const manifestBytes = bytes.length;
  try {
    const { reason, capturedAt, note, files, totalBytes, packs } = manifestFromBytes(bytes, job, id);
    return { kind: "readable", id, manifestBytes, reason, capturedAt, note, files, totalBytes, packs };
  } catch (error) {
    if (isDamage(error)) return { kind: "damaged", id, manifestBytes, problem: error.detail };
    if (error instanceof SpotproofError && error.code === "store-newer") {
      return { kind: "newer", id, manifestBytes, problem: error.detail };
    }
    throw error;
  }
}
