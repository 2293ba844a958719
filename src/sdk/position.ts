import { SpotproofError } from "../base/index.ts";
import type { SeededState } from "./job-random.ts";

// `position`: the small part of the record that says where everything else stands. It goes into every commit.

/** The version of positions that this program writes and the highest that it reads. */
const POSITION_FORMAT = 1;

/** Where a loop of steps stands. */
export interface LoopPosition {
  /** The step that is to be done next. */
  readonly next: number;
  readonly to: number;
}

/** Which state lies beside. */
export interface StatePosition {
  /** The program's own version of it. */
  readonly version: number;
  /** Whether it has memory that lies outside of its graph. */
  readonly hasMemory: boolean;
}

/** What one commit says of itself. */
export interface Position {
  readonly loops: Readonly<Record<string, LoopPosition>>;
  readonly random: SeededState;
  readonly state: StatePosition | undefined;
  /** Names of the logs. */
  readonly logs: readonly string[];
}

/** As it goes into a commit. */
export function positionToIndex(position: Position): Readonly<Record<string, unknown>> {
  const { loops, random, state, logs } = position;
  return { format: POSITION_FORMAT, loops, random, logs, ...(state === undefined ? {} : { state }) };
}

/** @throws SpotproofError `store-newer`, or `checkpoint-damaged` when it says something impossible */
export function positionFromIndex(index: Readonly<Record<string, unknown>>): Position {
  const { format, loops, random, state, logs } = index;
  if (typeof format === "number" && format > POSITION_FORMAT) {
    throw new SpotproofError(
      "store-newer",
      `The job's record has the format ${format}; this program knows ${POSITION_FORMAT}.`,
    );
  }
  if (
    format !== POSITION_FORMAT ||
    !isLoops(loops) ||
    !isRandom(random) ||
    !isState(state) ||
    !isNames(logs)
  ) {
    throw new SpotproofError("checkpoint-damaged", "The position of the job's record is none.");
  }
  return { loops, random, state, logs };
}

function isLoops(value: unknown): value is Position["loops"] {
  return (
    isRecord(value) &&
    Object.values(value).every(
      (loop) => isRecord(loop) && Number.isSafeInteger(loop["next"]) && Number.isSafeInteger(loop["to"]),
    )
  );
}

function isRandom(value: unknown): value is SeededState {
  return Array.isArray(value) && value.length === 4 && value.every((word) => Number.isSafeInteger(word));
}

function isState(value: unknown): value is StatePosition | undefined {
  if (value === undefined) return true;
  return isRecord(value) && Number.isSafeInteger(value["version"]) && typeof value["hasMemory"] === "boolean";
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
