import { type CheckpointId, type JobName, type PackId, SpotproofError } from "../../base/index.ts";
import { packKey, packsPrefix } from "../../store/keys.ts";
import type { Store } from "../../store/store.ts";
import { type ChunkRef, isChunk } from "../format/chunk.ts";
import { ChunksByPack } from "../format/chunks-by-pack.ts";
import { isDamage } from "../format/damage.ts";
import type { Manifest } from "../format/manifest.ts";
import { readPackIndex } from "../format/pack.ts";
import {
  type CheckpointSource,
  findManifest,
  planRuns,
  readEntries,
  readRun,
} from "../restore/read-checkpoint.ts";

/** How thoroughly to look. */
export interface VerifyOptions {
  /** `presence`: the manifest is whole and every pack is there in full length. `bytes`: every byte matches its hash. */
  readonly depth: "bytes" | "presence";
  readonly signal?: AbortSignal | undefined;
}

/** What verifying found. */
export type VerifyResult =
  | { readonly kind: "sound"; readonly packs: number; readonly packBytes: number }
  /** Every problem that was found, as sentences. */
  | { readonly kind: "damaged"; readonly problems: readonly string[] };

/**
 * Looks whether a checkpoint could be restored, without restoring it. Uses as much memory as its largest pack.
 * @throws SpotproofError `checkpoint-not-found`, `store-newer`, `codec-unavailable`, or what the store throws.
 */
export async function verifyCheckpoint(
  store: Store,
  job: JobName,
  id: CheckpointId,
  { depth, signal }: VerifyOptions,
): Promise<VerifyResult> {
  const source: CheckpointSource = { store, job, signal };
  const problems: string[] = [];
  const manifest = await findManifest(source, id).catch((error: unknown) => keepProblem(error, problems));
  if (manifest === undefined) return { kind: "damaged", problems };
  problems.push(...(await missingPacks(source, manifest)));
  if (depth === "bytes" && problems.length === 0) problems.push(...(await damagedBytes(source, manifest)));
  if (problems.length > 0) return { kind: "damaged", problems };
  const packBytes = [...manifest.packs.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  return { kind: "sound", packs: manifest.packs.size, packBytes };
}

async function missingPacks(
  { store, job, signal }: CheckpointSource,
  manifest: Manifest,
): Promise<readonly string[]> {
  if (manifest.packs.size === 0) return [];
  const objects = await store.list(packsPrefix(job), { signal });
  const sizes = new Map(objects.map(({ key, sizeBytes }) => [key, sizeBytes]));
  return [...manifest.packs].flatMap(([pack, sizeBytes]) => {
    const there = sizes.get(packKey(job, pack));
    if (there === undefined) return [`Pack ${pack} is missing.`];
    return there === sizeBytes ? [] : [`Pack ${pack} has ${there} bytes instead of ${sizeBytes}.`];
  });
}

async function damagedBytes(source: CheckpointSource, manifest: Manifest): Promise<readonly string[]> {
  const problems: string[] = [];
  const entries = await readEntries(source, manifest).catch((error: unknown) => keepProblem(error, problems));
  if (entries === undefined) return problems;
  const chunks = new ChunksByPack();
  if (manifest.list.kind === "chunks") for (const ref of manifest.list.chunks) chunks.add(ref);
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    for (const part of entry.parts) if (isChunk(part)) chunks.add(part);
  }
  for (const pack of new Set([...manifest.packs.keys(), ...chunks.packs()])) {
    await verifyPack(source, pack, manifest, chunks.of(pack)).catch((error: unknown) =>
      keepProblem(error, problems),
    );
  }
  return problems;
}

async function verifyPack(
  source: CheckpointSource,
  id: PackId,
  manifest: Manifest,
  chunks: readonly ChunkRef[],
): Promise<void> {
  for (const run of planRuns(chunks)) await readRun(source, run, () => undefined);
  const { store, job, signal } = source;
  const bytes = await store.read(packKey(job, id), { signal });
  readPackIndex(id, bytes ?? Buffer.alloc(0));
  if (!manifest.packs.has(id)) {
    throw new SpotproofError(
      "checkpoint-damaged",
      `Pack ${id} is needed, but the manifest does not name it.`,
    );
  }
}

function keepProblem(error: unknown, problems: string[]): undefined {
  if (!isDamage(error)) throw error;
  problems.push(error.detail);
}
