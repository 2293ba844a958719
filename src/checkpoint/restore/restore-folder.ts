import fs from "node:fs/promises";
import { type CheckpointId, SpotproofError } from "../../base/index.ts";
import type { RestoreRequest, RestoreResult } from "../checkpoint.ts";
import { isDamage } from "../format/damage.ts";
import type { Entry } from "../format/file-list.ts";
import type { Manifest } from "../format/manifest.ts";
import { folderError } from "../save/folder-errors.ts";
import type { FolderPath } from "../save/folder-path.ts";
import { removeTree } from "../save/remove-tree.ts";
import { type CheckpointSource, findManifest, readEntries, readManifest } from "./read-checkpoint.ts";
import { indexRestored } from "./restored-index.ts";
import {
  type StagingPlace,
  canOnlyBeInside,
  namesIn,
  openInside,
  openRestoreStaging,
  resolveTarget,
  swapBeside,
  swapInside,
} from "./swap.ts";
import { applyFolderAttributes, writeTree } from "./write-tree.ts";

/**
 * Puts the newest usable checkpoint of a lineage into the command's folder.
 *
 * Every byte is verified before it is written, into a fresh folder, which takes the place of the command's folder only
 * when it is whole: never a mixture (C3). A damaged checkpoint is reported and skipped (C02). May be killed at any
 * moment and started again (S12).
 * @throws SpotproofError `no-usable-checkpoint`, `folder-unusable`, `disk-full`, `store-newer`, `codec-unavailable`, or
 * what the store throws: a store that does not answer is no damage.
 */
export async function restoreFolder(request: RestoreRequest): Promise<RestoreResult> {
  const { store, job, signal, lineage, readsAtATime } = request;
  if (lineage.length === 0) {
    throw new SpotproofError("internal", `A restore of job ${job} was asked for without any checkpoint.`);
  }
  const source: CheckpointSource = { store, job, signal, readsAtATime };
  const target = await resolveTarget(request.folder);
  const skipped: { readonly id: CheckpointId; readonly reason: string }[] = [];
  for (const id of lineage) {
    signal?.throwIfAborted();
    try {
      const { manifest, entries, movedAside } = await restoreOne(source, id, target, request.asideName);
      return {
        restored: { id, index: await indexRestored(target, manifest, entries) },
        files: manifest.files,
        totalBytes: manifest.totalBytes,
        skipped,
        movedAside,
        note: manifest.note,
      };
    } catch (error) {
      if (!isDamage(error))
        throw folderError(`Checkpoint ${id} cannot be restored into ${target.path}`, error);
      skipped.push({ id, reason: error.detail });
      request.onSkipped?.(id, error.detail);
    }
  }
  const reasons = skipped.map(({ id, reason }) => `${id}: ${reason}`).join(" ");
  throw new SpotproofError("no-usable-checkpoint", reasons);
}

/** What one successful restore leaves. */
interface RestoredTree {
  readonly manifest: Manifest;
  readonly entries: readonly Entry[];
  readonly movedAside: string | undefined;
}

async function restoreOne(
  source: CheckpointSource,
  id: CheckpointId,
  target: FolderPath,
  asideName: string,
): Promise<RestoredTree> {
  const manifest = await readManifest(source, id);
  const entries = await readEntries(source, manifest);
  const { place, staging } = await openRestoreStaging(target);
  const movedAside = await writeAndSwap(source, entries, { place, staging, target, asideName });
  await applyFolderAttributes(entries, target, false);
  return { manifest, entries, movedAside };
}

async function writeAndSwap(
  source: CheckpointSource,
  entries: readonly Entry[],
  swap: {
    readonly place: StagingPlace;
    readonly staging: FolderPath;
    readonly target: FolderPath;
    readonly asideName: string;
  },
): Promise<string | undefined> {
  const { place, staging, target, asideName } = swap;
  try {
    await writeTree(source, entries, staging, false);
    source.signal?.throwIfAborted();
    if (place === "inside") return await swapInside(staging, target);
    return await swapBeside(staging, target, asideName);
  } catch (error) {
    await removeTree(Buffer.from(staging.path));
    if (place === "inside" || !canOnlyBeInside(error)) throw error;
    // The folder cannot be renamed (a bind mount, say): once more, inside of it.
    const inner = await openInside(target);
    return writeAndSwap(source, entries, { ...swap, place: "inside", staging: inner });
  }
}

/** What `restoreTo` put down. */
export interface RestoredCopy {
  readonly files: number;
  readonly totalBytes: number;
  readonly note: Readonly<Record<string, unknown>>;
}

/**
 * Writes one checkpoint into a folder that is absent or empty, durably. For people; a job restores with `restoreFolder`.
 * @throws SpotproofError `checkpoint-not-found`, `checkpoint-damaged`, `folder-unusable` when the folder has content, and
 * as `restoreFolder`. The folder is empty again after an error.
 */
export async function restoreTo(
  store: CheckpointSource["store"],
  job: CheckpointSource["job"],
  id: CheckpointId,
  freshFolder: string,
  signal?: AbortSignal,
): Promise<RestoredCopy> {
  const source: CheckpointSource = { store, job, signal };
  const manifest = await findManifest(source, id);
  const entries = await readEntries(source, manifest);
  const folder = await openFreshFolder(freshFolder);
  try {
    await writeTree(source, entries, folder, true);
    await applyFolderAttributes(entries, folder, true);
  } catch (error) {
    for (const name of await namesIn(folder)) await removeTree(folder.of(name));
    throw folderError(`Checkpoint ${id} cannot be restored into ${folder.path}`, error);
  }
  return { files: manifest.files, totalBytes: manifest.totalBytes, note: manifest.note };
}

async function openFreshFolder(path: string): Promise<FolderPath> {
  const folder = await resolveTarget(path);
  await fs.mkdir(folder.path, { recursive: true });
  if ((await namesIn(folder)).length > 0) {
    throw new SpotproofError(
      "folder-unusable",
      `${path} is not empty; name a folder that is, or does not exist yet.`,
    );
  }
  return folder;
}
