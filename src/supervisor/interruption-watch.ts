import type { MergedInterruption } from "../notice/index.ts";

/** Tells what is announced, and rings when that changes. */
export interface InterruptionWatch {
  state(): MergedInterruption;
  /** Names of sources that hear nothing at the moment. */
  blindSources(): readonly string[];
  onChange(listener: () => void): () => void;
}

/** How urgently the user wants the run to end: 0 not at all, 1 in order (first Ctrl-C), 2 at once (second). */
export interface UserStop {
  level(): 0 | 1 | 2;
  onChange(listener: () => void): () => void;
}
