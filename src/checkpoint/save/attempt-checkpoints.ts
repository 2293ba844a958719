import {
  type CheckpointId,
  SpotproofError,
  checkpointId,
  isNumberPair,
  sixDigits,
} from "../../base/index.ts";
import { checkpointsPrefix, manifestKey, packsPrefix } from "../../store/keys.ts";
import type { StoreKey } from "../../store/store.ts";
import type { PruneReport, Retention, SaverOptions } from "../checkpoint.ts";
import { type NewManifest, manifestToBytes } from "../format/manifest.ts";
import type { ReadableCheckpoint } from "../maintain/list.ts";
import { prune } from "../maintain/prune.ts";
import { PACKS_AT_A_TIME, type PackDestination, memoryForSaves } from "./pack-writer.ts";
import { SaverIndex } from "./saver-index.ts";
import { StoreSpeed } from "./store-speed.ts";
import { WholeFiles } from "./whole-files.ts";

/** What every saver is given, and what it goes on from: `index` is a `SaverIndex`. */
type Options = SaverOptions & {
  readonly restored?: { readonly id: CheckpointId; readonly index: unknown } | undefined;
};

/** The checkpoints and packs of one attempt, as the attempt itself makes and removes them. */
export class AttemptCheckpoints {
  readonly index: SaverIndex;
  readonly whole: WholeFiles;
  readonly destination: PackDestination;
  readonly #options: Options;
  /** What this saver has committed and not pruned again. */
  readonly #known = new Map<CheckpointId, ReadableCheckpoint>();
  #nextSequence = 0;
  #acknowledged: CheckpointId | undefined;

  constructor(options: Options) {
    const { store, job, attempt, restored, clock, packsAtATime = PACKS_AT_A_TIME } = options;
    const index = restored?.index ?? new SaverIndex();
    if (!(index instanceof SaverIndex)) {
      throw new SpotproofError("internal", "What the restore found out was not made by a restore.");
    }
    this.#options = options;
    this.index = index;
    this.whole = new WholeFiles(index);
    this.destination = {
      store,
      job,
      attempt,
      index,
      packsAtATime,
      speed: new StoreSpeed(clock),
      memory: memoryForSaves(packsAtATime),
      nextSequence: 0,
    };
  }

  /** Looks up which numbers are free: the attempt may have had another saver before. Does so once. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    if (this.#nextSequence > 0) return;
    const { store, job, attempt } = this.#options;
    const own = sixDigits(attempt);
    const [packs, manifests] = await Promise.all([
      store.list(`${packsPrefix(job)}${own}/`, { signal }),
      store.list(checkpointsPrefix(job), { signal }),
    ]);
    const ids = manifests
      .map(({ key }) => key.slice(checkpointsPrefix(job).length))
      .filter((n) => n.startsWith(`${own}-`));
    this.destination.nextSequence = 1 + highest(packs.map(({ key }) => key.slice(-6)));
    this.#nextSequence = 1 + highest(ids.map((name) => name.slice(7, 13)));
  }

  /** The id of the next checkpoint. Never the same twice: a commit that failed may have happened. */
  nextId(): CheckpointId {
    const id = checkpointId(this.#options.attempt, this.#nextSequence);
    this.#nextSequence += 1;
    return id;
  }

  /**
   * Creates the manifest, which is the commit (C1). Everything that it names is durable. Gives its length, and whether it was
   * seen on the way that the attempt still owned the job afterwards: none of the signs of its end was there.
   */
  async commit(
    manifest: NewManifest,
    signsOfEnd: readonly StoreKey[] | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly manifestBytes: number; readonly isOwner: boolean }> {
    const { store, job } = this.#options;
    const bytes = manifestToBytes(manifest);
    const key = manifestKey(job, manifest.id);
    const { created, allAbsent } =
      signsOfEnd === undefined || store.createAndLook === undefined
        ? { created: await store.create(key, [bytes], { signal }), allAbsent: false }
        : await store.createAndLook(key, [bytes], signsOfEnd, { signal });
    if (created === "exists") {
      // A repeated request can find its own first try: only the same bytes will do.
      const there = await store.read(key, { signal });
      if (there?.equals(bytes) !== true) {
        throw new SpotproofError("internal", `${key} is taken, though only this attempt may write it.`);
      }
    }
    const { id, reason, capturedAt, note, files, totalBytes, packs } = manifest;
    const manifestBytes = bytes.length;
    this.#known.set(id, {
      kind: "readable",
      id,
      manifestBytes,
      reason,
      capturedAt,
      note,
      files,
      totalBytes,
      packs,
    });
    return { manifestBytes, isOwner: allAbsent };
  }

  /** The attempt still owned the job after this checkpoint was committed: later attempts will see it. */
  acknowledge(id: CheckpointId): void {
    this.#acknowledged = id;
  }

  /** Removes what the retention does not keep. */
  async prune(retention: Retention, signal?: AbortSignal): Promise<PruneReport> {
    const { store, job, attempt, lineage, restored } = this.#options;
    const acknowledged = this.#acknowledged ?? restored?.id;
    const isOwn = (id: string): boolean => id.startsWith(`${sixDigits(attempt)}-`);
    const report = await prune({
      store,
      job,
      retention,
      depth: "presence",
      dryRun: false,
      signal,
      // A checkpoint of our own that was never acknowledged may be unknown to our successor: it does not count, and stays.
      isInLineage: (id) =>
        isOwn(id)
          ? acknowledged !== undefined && id <= acknowledged
          : id === restored?.id || (lineage ?? []).includes(id),
      isRemovable: (id) =>
        isOwn(id) ? id <= (acknowledged ?? "") : lineage !== undefined && id < sixDigits(attempt),
      isRemovablePack: (id) => (lineage === undefined ? isOwn(id) : id < sixDigits(attempt + 1)),
      alwaysKept: [],
      known: this.#known,
      beforeRemoving: (neededPacks) => this.index.keepOnly(neededPacks),
    });
    for (const id of report.removedCheckpoints) this.#known.delete(id);
    return report;
  }
}

function highest(numbers: readonly string[]): number {
  return Math.max(0, ...numbers.filter((text) => isNumberPair(`000001-${text}`)).map(Number));
}
