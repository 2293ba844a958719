import type { Clock, MonotonicMs } from "../../base/index.ts";
import type { Patience } from "../../store/index.ts";
import type { FolderSaver, Pause } from "../checkpoint.ts";

/** The command does not stand still for a store that is away: after so long a save that needs it then fails, in ms. */
const PAUSED_PATIENCE_MS = 2000;

/**
 * How long saves and restores wait for a store that is away (C06). What is on its way waits in the buffers and in the one
 * staging folder of the one save in flight, and goes on where it was: a save is not begun anew for it, and may wait for as
 * long as its signal lets it. Two do not: restores and the first save of all, before which nothing has begun and after which
 * the loop around them has the last word; and a save while the command stands still for it.
 */
export class WaitingSaves {
  readonly #clock: Clock;
  readonly #startMs: number;
  #limitMs: number;
  #pausedAtMs: MonotonicMs | undefined;

  /** `startPatienceMs` is for restores and the first save of all. */
  constructor({ clock, startPatienceMs }: { readonly clock: Clock; readonly startPatienceMs: number }) {
    this.#clock = clock;
    this.#startMs = startPatienceMs;
    this.#limitMs = startPatienceMs;
  }

  /** How long a call may be in trouble, as things are now. */
  get patienceMs(): number {
    const pausedForMs = this.#pausedAtMs === undefined ? 0 : this.#clock.now() - this.#pausedAtMs;
    return pausedForMs > PAUSED_PATIENCE_MS ? 0 : this.#limitMs;
  }

  /** A restore begins. */
  beginRestore(): void {
    this.#limitMs = this.#startMs;
  }

  /** A saver over a store with this patience. To know whether the checkpoint counts it waits as well. */
  around(saver: FolderSaver, patience: Pick<Patience, "run">): FolderSaver {
    return {
      save: async (request) => {
        this.#limitMs = request.reason === "start" ? this.#startMs : Number.POSITIVE_INFINITY;
        const { confirm, pause, signal } = request;
        try {
          return await saver.save({
            ...request,
            confirm: () => patience.run("look who owns the job", signal, confirm),
            ...(pause === undefined ? {} : { pause: this.#noting(pause) }),
          });
        } finally {
          this.#pausedAtMs = undefined;
        }
      },
      prune: (retention, signal) => saver.prune(retention, signal),
    };
  }

  #noting(pause: Pause): Pause {
    return async () => {
      const paused = await pause();
      this.#pausedAtMs = this.#clock.now();
      const resume = (): Promise<void> => {
        this.#pausedAtMs = undefined;
        return paused.resume();
      };
      return { ...paused, resume };
    };
  }
}
