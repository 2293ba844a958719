import type { Progress } from "../job/index.ts";
import type { Keeper, KeptParts } from "./keeping/keeper.ts";
import { type Position, positionFromIndex } from "./position.ts";
import { logPartNames, statePartNames } from "./recorder.ts";

/** A state as it was kept: not yet made into values. */
export interface KeptState {
  readonly version: number;
  readonly graph: Buffer;
  readonly buffers: readonly Buffer[];
}

/** What a life goes on from. */
export class RestoredRecord {
  readonly id: string;
  readonly position: Position;
  readonly progress: Progress | undefined;
  #state: KeptState | undefined;

  constructor(id: string, kept: KeptRecord, progress: Progress | undefined) {
    this.id = id;
    this.position = kept.position;
    this.#state = kept.state;
    this.progress = progress;
  }

  /** The state, once: it may be large, and is not kept twice. */
  takeState(): KeptState | undefined {
    const state = this.#state;
    this.#state = undefined;
    return state;
  }
}

interface KeptRecord {
  readonly position: Position;
  readonly state: KeptState | undefined;
}

/** What was found. `foreign`: there is a checkpoint, but no record of a program in it. */
export type FoundRecord =
  | { readonly kind: "restored"; readonly record: RestoredRecord }
  | { readonly kind: "foreign"; readonly id: string }
  | { readonly kind: "none"; readonly damaged: number };

/** Reads the newest record whose every byte is good: a log of which a part is lost is no record to go on from. */
export async function loadRecord(keeper: Keeper): Promise<FoundRecord> {
  const loaded = await keeper.load(readRecord);
  if (loaded.kind === "none") return loaded;
  const { id, value, progress } = loaded;
  return value === undefined
    ? { kind: "foreign", id }
    : { kind: "restored", record: new RestoredRecord(id, value, progress) };
}

async function readRecord(parts: KeptParts): Promise<KeptRecord | undefined> {
  if (parts.index === undefined) return undefined;
  const position = positionFromIndex(parts.index);
  const state = await readState(parts, position);
  for (const name of logPartNames(position)) {
    for await (const _ of parts.stream(name)) {
      // Read to its end: that verifies it.
    }
  }
  return { position, state };
}

async function readState(parts: KeptParts, position: Position): Promise<KeptState | undefined> {
  if (position.state === undefined) return undefined;
  const [graph, ...buffers] = await Promise.all(statePartNames(position).map((name) => parts.read(name)));
  return graph === undefined ? undefined : { version: position.state.version, graph, buffers };
}
