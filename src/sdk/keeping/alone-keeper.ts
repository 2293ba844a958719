import { type Clock, SpotproofError, reasonOf } from "../../base/index.ts";
import type { Retention, SaveReason, SaveResult } from "../../checkpoint/index.ts";
import type { Attempt, Progress } from "../../job/index.ts";
import { noteProgress } from "../../supervisor/index.ts";
import { fencedOut } from "../fenced-out.ts";
import type { CommitRequest, Committed, Ending, Keeper, KeptLog, KeptParts, Loaded } from "./keeper.ts";
import type { OwnedLife } from "./owned-life.ts";
import type { RecordMedium } from "./record-medium.ts";

/** What a program that owns its job by itself works with. */
export interface AloneKeeperParts {
  readonly clock: Clock;
  readonly attempt: Attempt;
  readonly life: OwnedLife;
  readonly medium: RecordMedium;
  readonly files: string | undefined;
  readonly retention: Retention;
  /** Asks whether the attempt still owns the job; a store that is away is waited for. */
  readonly confirm: (signal: AbortSignal | undefined) => Promise<"valid" | "fenced-out">;
  readonly onPruneFailed: (message: string) => void;
  readonly close: () => Promise<void>;
}

/** A prune lists what there is and reads what is kept: worth it for so many commits together … */
const PRUNE_AFTER_COMMITS = 100;
/** … or for a few, when they come slowly, in ms. */
const PRUNE_AFTER_MS = 60_000;

/** So often a commit is noted in the history of the attempt, in ms; with those since the last note. */
const NOTE_EVERY_MS = 1_000;

/** Keeps the record of a job that this program owns by itself. */
export class AloneKeeper implements Keeper {
  readonly #parts: AloneKeeperParts;
  readonly #unnoted = { commits: 0, storedBytes: 0 };
  #notedAtMs: number | undefined;
  #commitsSincePrune = 0;
  #prunedAtMs: number;
  #abortPrune = new AbortController();
  #pruning: Promise<void> = Promise.resolve();

  constructor(parts: AloneKeeperParts) {
    this.#parts = parts;
    this.#prunedAtMs = parts.clock.now();
  }

  get job() {
    return this.#parts.attempt.job;
  }

  get attempt(): number {
    return this.#parts.attempt.number;
  }

  get token() {
    return this.#parts.attempt.token;
  }

  get fencedOut(): AbortSignal {
    return this.#parts.attempt.fencedOut;
  }

  get files(): string | undefined {
    return this.#parts.files;
  }

  async load<Value>(load: (parts: KeptParts) => Promise<Value>): Promise<Loaded<Value>> {
    const { medium, life } = this.#parts;
    const loaded = await medium.load(load);
    life.phase = "running";
    if (loaded.kind === "none") return loaded;
    const progress = noteProgress(loaded.note);
    life.restored(progress);
    return { kind: "loaded", value: loaded.value, id: loaded.id, progress };
  }

  openLog(name: string): KeptLog {
    return this.#parts.medium.openLog(name);
  }

  stream(name: string, from?: number): AsyncIterable<Buffer> {
    return this.#parts.medium.stream(name, from);
  }

  /** Nobody is there after the end. */
  handOver(_request: CommitRequest): Promise<boolean> {
    return Promise.resolve(false);
  }

  async commit(request: CommitRequest): Promise<Committed> {
    const { clock, attempt, life, medium, confirm } = this.#parts;
    if (this.fencedOut.aborted) throw fencedOut();
    // A machine that goes away has no time for tidying up.
    if (request.reason === "notice") this.#abortPrune.abort();
    await this.#pruning;
    const beganAtMs = clock.now();
    const { progress, signal } = request;
    const result = await this.#makingRoom(signal, () =>
      medium.save(request, {
        note: () => (progress === undefined ? {} : { progress }),
        confirm: () => confirm(signal),
        signsOfEnd: attempt.signsOfEnd,
      }),
    );
    if (result.kind === "fenced-out") throw fencedOut();
    const { checkpoint } = result;
    life.committed(checkpoint, checkpoint.capturedAtMs, progress);
    this.#note(request.reason, checkpoint);
    if (request.reason === "interval") this.#pruneNowAndThen();
    return { id: checkpoint.id, storedBytes: checkpoint.storedBytes, durationMs: clock.now() - beganAtMs };
  }

  /** Durable steps come by the thousand: a history of each of them would be longer than what they keep. */
  #note(reason: SaveReason, { id, storedBytes }: Pick<Committed, "id" | "storedBytes">): void {
    const { clock, attempt } = this.#parts;
    const unnoted = this.#unnoted;
    unnoted.commits += 1;
    unnoted.storedBytes += storedBytes;
    const isDue = this.#notedAtMs === undefined || clock.now() - this.#notedAtMs >= NOTE_EVERY_MS;
    if (reason === "interval" && !isDue) return;
    attempt.note("saved", { checkpoint: id, reason, ...unnoted });
    this.#notedAtMs = clock.now();
    unnoted.commits = 0;
    unnoted.storedBytes = 0;
  }

  /** A store that is full may have room once the checkpoints are gone that are not kept: then the save is tried again, once. */
  async #makingRoom(signal: AbortSignal | undefined, save: () => Promise<SaveResult>): Promise<SaveResult> {
    try {
      return await save();
    } catch (error) {
      if (!(error instanceof SpotproofError) || error.code !== "store-full" || signal?.aborted === true)
        throw error;
      const { medium, retention, onPruneFailed } = this.#parts;
      try {
        await medium.prune(retention, signal);
      } catch (pruneError) {
        onPruneFailed(reasonOf(pruneError));
        throw error;
      }
      return await save();
    }
  }

  progress(progress: Progress): void {
    this.#parts.life.setProgress(progress);
  }

  async end(ending: Ending, limitMs: number): Promise<"recorded" | "not-recorded" | "fenced-out"> {
    this.#abortPrune.abort();
    await this.#pruning;
    return this.#parts.life.end(ending, limitMs);
  }

  async close(): Promise<void> {
    this.#abortPrune.abort();
    await this.#pruning;
    await this.#parts.life.close();
    await this.#parts.close();
  }

  /** Beside the work; the next commit waits for it. */
  #pruneNowAndThen(): void {
    const { clock, medium, retention, onPruneFailed } = this.#parts;
    this.#commitsSincePrune += 1;
    const isDue =
      this.#commitsSincePrune >= PRUNE_AFTER_COMMITS ||
      (this.#commitsSincePrune > retention.last && clock.now() - this.#prunedAtMs >= PRUNE_AFTER_MS);
    if (!isDue) return;
    this.#commitsSincePrune = 0;
    this.#prunedAtMs = clock.now();
    this.#abortPrune = new AbortController();
    const { signal } = this.#abortPrune;
    this.#pruning = medium.prune(retention, signal).then(
      () => undefined,
      (error: unknown) => {
        if (!signal.aborted) onPruneFailed(reasonOf(error));
      },
    );
  }
}
