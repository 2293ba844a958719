import { type ErrorCode, SpotproofError, parseCheckpointId, parseJobName } from "../../base/index.ts";
import { type CheckpointFile, listCheckpointFiles } from "../../checkpoint/index.ts";
import { type Store, openFileStore } from "../../store/index.ts";
import { REHEARSED_JOB } from "./rehearsed-command.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";

const UNUSABLE: ReadonlySet<ErrorCode> = new Set(["checkpoint-not-found", "checkpoint-damaged"]);

/** When the content of checkpoints was changed last; read from the store once each. One that is gone or damaged holds nothing. */
export class CheckpointChanges {
  readonly #path: string;
  readonly #time: RehearsalTime;
  readonly #known = new Map<string, number | undefined>();
  readonly #asked = new Set<string>();
  #learning: Promise<void> = Promise.resolve();
  #trouble: unknown;
  #store: Promise<Store> | undefined;

  /** `store`: the folder in which the lane's checkpoints rest. */
  constructor(store: string, time: RehearsalTime) {
    this.#path = store;
    this.#time = time;
  }

  /** The store itself. */
  store(): Promise<Store> {
    this.#store ??= openFileStore(this.#path, { mode: "read" });
    return this.#store;
  }

  isKnown(checkpoint: string): boolean {
    return this.#known.has(checkpoint);
  }

  /** The moment of the newest change, in ms of the rehearsal; undefined when it holds no file, or was not learned. */
  newest(checkpoint: string): number | undefined {
    return this.#known.get(checkpoint);
  }

  /** Begins to learn of a checkpoint, before it may be pruned. Trouble is thrown by `learned`. */
  learn(checkpoint: string): void {
    if (this.#asked.has(checkpoint)) return;
    this.#asked.add(checkpoint);
    this.#learning = this.#learning.then(async () => {
      if (this.#trouble === undefined) this.#known.set(checkpoint, await this.#read(checkpoint));
    });
    this.#learning = this.#learning.catch((error: unknown) => {
      this.#trouble ??= error;
    });
  }

  /** Resolves when everything is known that was to be learned. */
  async learned(): Promise<void> {
    await this.#learning;
    if (this.#trouble !== undefined) throw this.#trouble;
  }

  async #read(checkpoint: string): Promise<number | undefined> {
    const files = await this.#files(checkpoint);
    if (files.length === 0) return undefined;
    return this.#time.ofWallTime(files.reduce((newest, file) => Math.max(newest, file.changedAtMs), 0));
  }

  async #files(checkpoint: string): Promise<readonly CheckpointFile[]> {
    try {
      return await listCheckpointFiles(
        await this.store(),
        parseJobName(REHEARSED_JOB),
        parseCheckpointId(checkpoint),
      );
    } catch (error) {
      if (error instanceof SpotproofError && UNUSABLE.has(error.code)) return [];
      throw error;
    }
  }
}
