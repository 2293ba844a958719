/** What one finished save teaches about the next. */
export interface SaveExperience {
  readonly durationMs: number;
  readonly pausedMs: number;
}

const REMEMBERED = 5;

/**
 * Learns from the attempt's own saves how long the next one may take (C07): the longest of the last five and half as
 * much again, since a prediction that is too short costs the night's work and one that is too long costs seconds.
 */
export class SaveForecast {
  readonly #recent: SaveExperience[] = [];

  /** Takes note of a save that was committed. */
  learn(save: SaveExperience): void {
    this.#recent.push(save);
    if (this.#recent.length > REMEMBERED) this.#recent.shift();
  }

  /** Milliseconds to keep free for a save; undefined while there was none yet. */
  get nextSaveMs(): number | undefined {
    return this.#recent.length === 0
      ? undefined
      : 1.5 * Math.max(...this.#recent.map((save) => save.durationMs));
  }

  /** How long the last save took, in ms. */
  get lastSaveMs(): number | undefined {
    return this.#recent.at(-1)?.durationMs;
  }
}

/** When no interval is asked for: a minute, or so long that saving takes at most a twentieth of the time. */
export function automaticIntervalMs(lastSaveMs: number | undefined): number {
  return Math.max(60_000, 20 * (lastSaveMs ?? 0));
}
