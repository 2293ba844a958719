import {
  type AttemptNumber,
  type CheckpointId,
  type JobName,
  type PackId,
  SpotproofError,
  idParts,
  isNumberPair,
} from "../../base/index.ts";
import { manifestKey, packKey, packsPrefix } from "../../store/keys.ts";
import type { Store, StoreKey, StoredObject } from "../../store/store.ts";
import type { PruneReport, Retention } from "../checkpoint.ts";
import { type ListedCheckpoint, type ReadableCheckpoint, listCheckpoints } from "./list.ts";
import { keptByRetention } from "./retention.ts";
import { verifyCheckpoint } from "./verify.ts";

// Why nothing that is needed is ever deleted (C4), though other attempts may live or begin meanwhile:
//  P1. A saver refers only to packs of the checkpoint that it was restored from and to packs of its own attempt.
//  P2. Packs are listed before manifests: a pack that is listed and a manifest that needs it but is listed too late
//      cannot both exist, unless the manifest's attempt still lives, and then P3 holds.
//  P3. Of an attempt that may still live nothing is removed, except by that attempt itself between its saves.
//  P4. The newest checkpoints that verify are kept, so what a new attempt begins from meanwhile is kept.
//  P5. Manifests go before packs, so a prune that dies leaves packs without manifest, never the reverse.
//  P6. Where a manifest that is kept cannot be read, no pack that it could need is removed (C05).

/** So many verified checkpoints are kept whatever the retention says. */
const VERIFIED_AT_LEAST = 2;
/** So many objects are removed at once. */
const REMOVALS_AT_A_TIME = 8;
/** As above, where one call removes many. */
const REMOVALS_OF_ONE_CALL = 100;

/** One prune, as the owner of the job or the command line asks for it. */
export interface Prune {
  readonly store: Store;
  readonly job: JobName;
  readonly retention: Retention;
  /** How the checkpoints that must stay are verified. */
  readonly depth: "presence" | "bytes";
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
  /** Whether an attempt could be restored from it: only such ones count for the retention. */
  readonly isInLineage: (id: CheckpointId) => boolean;
  /** Whether its manifest may be removed at all. */
  readonly isRemovable: (id: CheckpointId) => boolean;
  /** Whether a pack may be removed when nothing needs it. */
  readonly isRemovablePack: (id: PackId) => boolean;
  readonly alwaysKept: readonly CheckpointId[];
  /** Checkpoints that the caller has written itself: their manifests need not be read, unless they are among those that are verified. */
  readonly known?: ReadonlyMap<CheckpointId, ReadableCheckpoint> | undefined;
  /** Told which packs stay in use, before the first removal. */
  readonly beforeRemoving: (neededPacks: ReadonlySet<PackId>) => void;
}

/** Removes the checkpoints that nothing keeps and the packs that nothing needs. */
export async function prune(request: Prune): Promise<PruneReport> {
  const { store, job, signal } = request;
  const packs = await store.list(packsPrefix(job), { signal });
  const listed = await listCheckpoints(store, job, signal, request.known);
  refuseNewer(listed);
  const kept = await chooseKept(request, listed);
  const removed = listed.filter(({ id }) => !kept.has(id));
  const keptCheckpoints = listed.filter(({ id }) => kept.has(id));
  const needed = new Set(
    keptCheckpoints.flatMap((one) => (one.kind === "readable" ? [...one.packs.keys()] : [])),
  );
  const unreadableUpTo = Math.max(
    0,
    ...keptCheckpoints.filter(({ kind }) => kind !== "readable").map(({ id }) => idParts(id).attempt),
  );
  const removedPacks = packs.filter((object) => {
    const id = packIdOf(object, job);
    if (id === undefined || needed.has(id) || !request.isRemovablePack(id)) return false;
    return idParts(id).attempt > unreadableUpTo;
  });
  if (!request.dryRun) {
    request.beforeRemoving(needed);
    const manifests = removed.map(({ id }) => manifestKey(job, id));
    await removeAll(request, manifests);
    await removeAll(
      request,
      removedPacks.map(({ key }) => key),
    );
  }
  return {
    removedCheckpoints: removed.map(({ id }) => id),
    removedPacks: removedPacks.length,
    removedBytes: sizeOf(removedPacks) + removed.reduce((sum, { manifestBytes }) => sum + manifestBytes, 0),
    keptCheckpoints: keptCheckpoints.map(({ id }) => id),
  };
}

/** Resolves when all are removed, durably (P5). */
async function removeAll({ store, signal }: Prune, keys: readonly StoreKey[]): Promise<void> {
  const atATime = store.removeAll === undefined ? REMOVALS_AT_A_TIME : REMOVALS_OF_ONE_CALL;
  for (let at = 0; at < keys.length; at += atATime) {
    const some = keys.slice(at, at + atATime);
    if (store.removeAll !== undefined) await store.removeAll(some, { signal });
    else await Promise.all(some.map((key) => store.remove(key, { signal })));
  }
}

async function chooseKept(request: Prune, listed: readonly ListedCheckpoint[]): Promise<Set<CheckpointId>> {
  const lineage = listed.filter(({ id }) => request.isInLineage(id));
  const kept = new Set<CheckpointId>(request.alwaysKept);
  for (const { id } of listed) if (!request.isRemovable(id)) kept.add(id);
  for (const id of keptByRetention(lineage, request.retention)) kept.add(id);
  const verified = await newestVerified(request, lineage);
  for (const id of verified) kept.add(id);
  // With fewer than two good ones, even the bad ones stay: somebody may be able to mend them.
  if (verified.length < VERIFIED_AT_LEAST) for (const { id } of lineage) kept.add(id);
  return kept;
}

async function newestVerified(
  { store, job, depth, signal }: Prune,
  lineage: readonly ListedCheckpoint[],
): Promise<readonly CheckpointId[]> {
  const verified: CheckpointId[] = [];
  for (const { id, kind } of lineage) {
    if (verified.length === VERIFIED_AT_LEAST) break;
    if (kind !== "readable") continue;
    if ((await verifyCheckpoint(store, job, id, { depth, signal })).kind === "sound") verified.push(id);
  }
  return verified;
}

function refuseNewer(listed: readonly ListedCheckpoint[]): void {
  const newer = listed.find(({ kind }) => kind === "newer");
  if (newer?.kind === "newer") throw new SpotproofError("store-newer", newer.problem);
}

/** What the command line asks for. */
export interface PruneRequest {
  readonly store: Store;
  readonly job: JobName;
  readonly retention: Retention;
  /** Every attempt that has an outcome. Nothing of other attempts is touched. */
  readonly endedAttempts: readonly AttemptNumber[];
  /** All checkpoints that the next attempt could be restored from, in any order (J1). */
  readonly lineage: readonly CheckpointId[];
  /** The checkpoint that the latest claim names, if it names one. */
  readonly resumesFrom?: CheckpointId | undefined;
  /** Only tell what would be removed. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Prunes a job that no attempt is running. The caller has seen that the last attempt has an outcome; an attempt that
 * begins meanwhile is not harmed. Verifies by bytes what must stay, so it reads two checkpoints.
 */
export function pruneCheckpoints(request: PruneRequest): Promise<PruneReport> {
  const lineage = new Set(request.lineage);
  const ended = new Set(request.endedAttempts);
  return prune({
    store: request.store,
    job: request.job,
    retention: request.retention,
    depth: "bytes",
    dryRun: request.dryRun === true,
    signal: request.signal,
    isInLineage: (id) => lineage.has(id),
    isRemovable: (id) => ended.has(idParts(id).attempt),
    isRemovablePack: (id) => ended.has(idParts(id).attempt),
    alwaysKept: request.resumesFrom === undefined ? [] : [request.resumesFrom],
    beforeRemoving: () => undefined,
  });
}

/** The pack that an object is; undefined for anything that Spotproof did not put there. */
function packIdOf({ key }: StoredObject, job: JobName): PackId | undefined {
  const text = key.slice(packsPrefix(job).length).replace("/", "-");
  if (!isNumberPair(text)) return undefined;
  return packKey(job, text as PackId) === key ? (text as PackId) : undefined;
}

function sizeOf(objects: readonly StoredObject[]): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
