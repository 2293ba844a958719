import { SpotproofError, reasonOf } from "../base/index.ts";
import type {
  FolderSaver,
  Pause,
  Retention,
  SaveReason,
  SaveRequest,
  SaveResult,
  SavedCheckpoint,
} from "../checkpoint/index.ts";
import type { SaveForecast } from "./save-forecast.ts";

// Brings all wishes to save into one line: one save in flight, and whoever asks meanwhile shares the next (C18).

/** How a wish to save ended. */
export type SaveEnd =
  | { readonly kind: "saved"; readonly checkpoint: SavedCheckpoint }
  | { readonly kind: "fenced-out" }
  /** It did not work; what was stored before is as good as ever, and the job goes on (C20). */
  | { readonly kind: "failed"; readonly error: SpotproofError }
  /** Given up because the time was over. */
  | { readonly kind: "aborted" };

/** What a save queue works with. */
export interface SaveQueueOptions {
  readonly saver: FolderSaver;
  /** Learns from every save. */
  readonly forecast: SaveForecast;
  readonly confirm: (signal: AbortSignal) => ReturnType<SaveRequest["confirm"]>;
  readonly note: () => Readonly<Record<string, unknown>>;
  /** How to make the command stand still; undefined while none runs. */
  readonly currentPause: () => Pause | undefined;
  readonly retention: Retention;
  /** Told after each save, before those who asked. */
  readonly onEnd: (reason: SaveReason, end: SaveEnd) => void;
  readonly onPruned: (checkpoints: number, bytes: number) => void;
  readonly onPruneFailed: (message: string) => void;
}

/** Checkpoints beyond the retention that may gather before a prune is worth its listing. */
const PRUNE_EVERY = 5;

/** All saves of one attempt, one after the other. */
export class SaveQueue {
  readonly #options: SaveQueueOptions;
  #running: Promise<SaveEnd> | undefined;
  #next: Promise<SaveEnd> | undefined;
  #savesSincePrune = 0;
  #abortPrune: AbortController | undefined;
  #abortSave = new AbortController();

  constructor(options: SaveQueueOptions) {
    this.#options = options;
  }

  /** A save that begins after this call, maybe shared with others who asked meanwhile. Never rejects. */
  save(reason: SaveReason): Promise<SaveEnd> {
    this.#abortPrune?.abort();
    const { signal } = this.#abortSave;
    if (this.#running === undefined) return this.#start(reason, signal);
    if (this.#next === undefined) {
      const next: Promise<SaveEnd> = this.#running.then(() => {
        if (this.#next === next) this.#next = undefined;
        return this.#start(reason, signal);
      });
      this.#next = next;
    }
    return this.#next;
  }

  /**
   * Gives up the save in flight and the one that waits for it, and resolves when both have let go. Later saves are not
   * affected.
   */
  async giveUp(): Promise<void> {
    this.#abortPrune?.abort();
    this.#abortSave.abort();
    this.#abortSave = new AbortController();
    // Whoever asks from now on does not share what was given up.
    this.#next = undefined;
    while (this.#running !== undefined) await this.#running;
  }

  #start(reason: SaveReason, signal: AbortSignal): Promise<SaveEnd> {
    const running = this.#saveOnce(reason, signal).then((end) => {
      // The first save of all is of another kind than those that follow it.
      if (end.kind === "saved" && reason !== "start") this.#options.forecast.learn(end.checkpoint);
      this.#options.onEnd(reason, end);
      return end;
    });
    this.#occupy(running);
    return running.then((end) => {
      if (reason === "final" || signal.aborted) return end;
      if (end.kind === "saved") this.#savesSincePrune += 1;
      // What nobody needs any more may be the room that the next save needs.
      const isFull = end.kind === "failed" && end.error.code === "store-full";
      if (isFull || this.#savesSincePrune >= PRUNE_EVERY) this.#prune();
      return end;
    });
  }

  /** Whoever comes while `work` is under way waits for it. */
  #occupy(work: Promise<SaveEnd>): void {
    this.#running = work;
    void work.finally(() => {
      if (this.#running === work) this.#running = undefined;
    });
  }

  async #saveOnce(reason: SaveReason, signal: AbortSignal): Promise<SaveEnd> {
    const { saver, note, currentPause } = this.#options;
    if (signal.aborted) return { kind: "aborted" };
    const confirm = () => this.#options.confirm(signal);
    try {
      const result: SaveResult = await saver.save({ reason, confirm, note, pause: currentPause(), signal });
      return result;
    } catch (error) {
      if (signal.aborted) return { kind: "aborted" };
      if (error instanceof SpotproofError) return { kind: "failed", error };
      return { kind: "failed", error: new SpotproofError("internal", reasonOf(error), { cause: error }) };
    }
  }

  /** Not when somebody waits for a save: then after that. */
  #prune(): void {
    if (this.#next !== undefined || this.#running !== undefined) return;
    this.#savesSincePrune = 0;
    const abort = new AbortController();
    this.#abortPrune = abort;
    const { saver, retention, onPruned, onPruneFailed } = this.#options;
    const work = saver.prune(retention, abort.signal).then(
      (report) => {
        if (report.removedCheckpoints.length > 0)
          onPruned(report.removedCheckpoints.length, report.removedBytes);
      },
      (error: unknown) => {
        if (!abort.signal.aborted) onPruneFailed(reasonOf(error));
      },
    );
    this.#occupy(work.then(() => ({ kind: "aborted" })));
  }
}
