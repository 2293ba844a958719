/** How many instances were available at each tick. */
export interface Trace {
  /** From one tick to the next. */
  readonly gapMs: number;
  /** ISO 8601 or whatever the recorder wrote; for people. */
  readonly startTime?: string | undefined;
  /** One for each tick: whole numbers from 0 on. */
  readonly counts: readonly number[];
}
