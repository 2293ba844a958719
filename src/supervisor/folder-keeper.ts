import { type CheckpointId, SpotproofError } from "../base/index.ts";
import type {
  FileSavedOpen,
  PausedCommand,
  RestoredFolder,
  SaveReason,
  SavedCheckpoint,
} from "../checkpoint/index.ts";
import type { Progress } from "../job/index.ts";
import type { AttemptState } from "./attempt-state.ts";
import type { OpenForWriting } from "./events.ts";
import { HalfWrittenFiles } from "./half-written.ts";
import type { ProcessTree } from "./process-tree/process-tree.ts";
import type { FolderParts, RunParts } from "./run-parts.ts";
import { SaveForecast } from "./save-forecast.ts";
import { type SaveEnd, SaveQueue } from "./save-queue.ts";

/** How long a save that was given up may take to let go, in ms. */
const LETTING_GO_MS = 500;

/** How long the command may stand still for one save. Minutes of it would look like a command that hangs. */
const LONGEST_PAUSE_MS = 60_000;

/** So many files that were open for writing are named. */
const OPEN_FILES_NAMED = 20;

/** The watched folder during one attempt: puts it back before each life of the command and saves it. */
export class FolderKeeper {
  /** The processes that must stand still while the folder is captured; set while a command runs. */
  writers: ProcessTree | undefined;
  /** Counts the command's lives, for the notes in manifests. */
  life = 0;
  readonly #parts: RunParts;
  readonly #folder: FolderParts;
  readonly #state: AttemptState;
  readonly #forecast = new SaveForecast();
  readonly #halfWritten: HalfWrittenFiles;
  #queue: SaveQueue | undefined;
  #capturedProgress: Progress | undefined;

  constructor(parts: RunParts, folder: FolderParts, state: AttemptState) {
    this.#parts = parts;
    this.#folder = folder;
    this.#state = state;
    this.#halfWritten = new HalfWrittenFiles(folder.path);
  }

  /**
   * Makes the folder what the newest usable checkpoint says. A job without any gets its first one from the folder as
   * it is: from then on a folder that a broken command has left is always replaced (C14).
   */
  async prepare(
    signal: AbortSignal,
  ): Promise<SaveEnd | { readonly kind: "restored"; readonly from: CheckpointId }> {
    await this.#queue?.giveUp();
    const { clock, onEvent } = this.#parts;
    const [newest] = this.#state.restorable;
    if (newest === undefined) {
      this.#queue = this.#openQueue(undefined);
      return this.save("start");
    }
    onEvent({ kind: "restoring", from: newest });
    const startedAtMs = clock.now();
    const result = await this.#folder.restore(
      this.#state.restorable,
      (id, reason) => onEvent({ kind: "checkpoint-skipped", id, reason }),
      signal,
    );
    const { files, totalBytes, movedAside, restored } = result;
    onEvent({
      kind: "restored",
      from: restored.id,
      files,
      totalBytes,
      movedAside,
      durationMs: clock.now() - startedAtMs,
    });
    this.#state.restoredFrom = restored.id;
    this.#state.restoredProgress = noteProgress(result.note);
    this.#state.progress = this.#state.restoredProgress;
    this.#queue = this.#openQueue(restored);
    return { kind: "restored", from: restored.id };
  }

  /** Saves; shares a save that others asked for at the same time. Never rejects. */
  save(reason: SaveReason): Promise<SaveEnd> {
    if (this.#queue !== undefined) return this.#queue.save(reason);
    const error = new SpotproofError("internal", "A save was asked for before the folder was in place.");
    return Promise.resolve({ kind: "failed", error });
  }

  /** Gives up the save or the prune in flight. One that does not let go, because a disk hangs, is left behind. */
  async giveUp(): Promise<void> {
    if (this.#queue === undefined) return;
    const hasLetGo = new AbortController();
    const letGo = this.#queue.giveUp().finally(() => hasLetGo.abort());
    await Promise.race([letGo, this.#parts.clock.sleep(LETTING_GO_MS, hasLetGo.signal)]);
  }

  get lastSaveMs(): number | undefined {
    return this.#forecast.lastSaveMs;
  }

  get nextSaveMs(): number | undefined {
    return this.#forecast.nextSaveMs;
  }

  #openQueue(restored: RestoredFolder | undefined): SaveQueue {
    const { attempt, policy, onEvent } = this.#parts;
    return new SaveQueue({
      saver: this.#folder.openSaver(restored),
      forecast: this.#forecast,
      confirm: (signal) => attempt.validity(signal),
      note: () => this.#note(),
      currentPause: () => {
        const { writers } = this;
        return writers === undefined ? undefined : () => this.#pauseForAWhile(writers);
      },
      retention: policy.retention,
      onEnd: (reason, end) => this.#saved(reason, end),
      onPruned: (checkpoints, bytes) => onEvent({ kind: "pruned", checkpoints, bytes }),
      onPruneFailed: (message) =>
        onEvent({ kind: "warning", message: `Old checkpoints could not be removed: ${message}` }),
    });
  }

  /** E2: a disk that hangs while the folder is captured must not keep the command standing for ever. */
  async #pauseForAWhile(writers: ProcessTree): Promise<PausedCommand> {
    const paused = await writers.pause();
    const timer = this.#parts.clock.after(LONGEST_PAUSE_MS, () => {
      this.#parts.onEvent({
        kind: "warning",
        message: `The folder could not be captured within ${LONGEST_PAUSE_MS / 1000} s: the command goes on, and the save is given up.`,
      });
      void paused.resume();
      void this.giveUp();
    });
    const resume = (): Promise<void> => {
      timer.cancel();
      return paused.resume();
    };
    return { ...paused, resume };
  }

  #note(): Readonly<Record<string, unknown>> {
    this.#capturedProgress = this.#state.progress;
    const progress = this.#capturedProgress === undefined ? {} : { progress: this.#capturedProgress };
    return { ...progress, aliveMs: Math.round(this.#state.aliveMs), life: this.life };
  }

  #saved(reason: SaveReason, end: SaveEnd): void {
    const { onEvent, attempt } = this.#parts;
    switch (end.kind) {
      case "saved":
        return this.#tellSaved(reason, end.checkpoint);
      case "failed":
        attempt.note("save-failed", { reason, code: end.error.code });
        return onEvent({ kind: "save-failed", reason, code: end.error.code, message: end.error.message });
      case "aborted":
        return onEvent({
          kind: "save-failed",
          reason,
          code: "aborted",
          message: "given up, because the time was over",
        });
      case "fenced-out":
        return;
      default:
        return end satisfies never;
    }
  }

  #tellSaved(reason: SaveReason, { openForWriting = [], ...checkpoint }: SavedCheckpoint): void {
    const { onEvent, attempt } = this.#parts;
    const { id, storedBytes, pausedMs, durationMs } = checkpoint;
    const open = openFields(openForWriting);
    this.#state.committed(checkpoint, this.#capturedProgress);
    attempt.note("saved", {
      reason,
      checkpoint: id,
      storedBytes,
      pausedMs: Math.round(pausedMs),
      durationMs: Math.round(durationMs),
      ...open,
    });
    onEvent({ kind: "saved", reason, checkpoint, ...open });
    for (const file of this.#halfWritten.find(openForWriting)) {
      attempt.note("half-written", { checkpoint: id, ...file });
      onEvent({ kind: "half-written", checkpoint: id, ...file });
    }
  }
}

function openFields(files: readonly FileSavedOpen[]): OpenForWriting {
  if (files.length === 0) return {};
  return { openForWriting: files.slice(0, OPEN_FILES_NAMED), openForWritingCount: files.length };
}

/** The progress that a save has noted, so that a resumed job does not look as if it had begun anew. */
export function noteProgress(note: Readonly<Record<string, unknown>>): Progress | undefined {
  const { progress } = note;
  const isProgress =
    typeof progress === "object" &&
    progress !== null &&
    "done" in progress &&
    typeof progress.done === "number";
  return isProgress ? (progress as Progress) : undefined;
}
