import { SpotproofError } from "../base/index.ts";
import type { Progress } from "../job/index.ts";
import type { Keeper, KeptParts } from "./keeping/keeper.ts";
import { type Position, positionFromIndex } from "./position.ts";
import { STATE_PARTS, logPartNames } from "./recorder.ts";
import { allocateBuffers } from "./state/index.ts";

/** A state as it was kept: not yet made into values. */
export interface KeptState {
  readonly version: number;
  readonly graph: Buffer;
  readonly buffers: readonly Uint8Array[];
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
  const { version, hasMemory } = position.state;
  const graph = await parts.read(STATE_PARTS.graph);
  const buffers = allocateBuffers(graph);
  if (hasMemory) await fill(buffers, parts.stream(STATE_PARTS.memory));
  return { version, graph, buffers };
}

/** Memory of gigabytes is read right into its place. */
async function fill(buffers: readonly Uint8Array[], stream: AsyncIterable<Buffer>): Promise<void> {
  const places = buffers.values();
  let place = places.next();
  let at = 0;
  for await (const piece of stream) {
    for (let done = 0; done < piece.length; ) {
      if (place.done === true) throw damaged("longer");
      const room = place.value.length - at;
      const length = Math.min(piece.length - done, room);
      place.value.set(piece.subarray(done, done + length), at);
      done += length;
      at += length;
      if (length < room) continue;
      place = places.next();
      at = 0;
    }
  }
  const left = place.done === true ? [] : [place.value.subarray(at), ...places];
  if (left.some(({ length }) => length > 0)) throw damaged("shorter");
}

function damaged(how: string): SpotproofError {
  return new SpotproofError("checkpoint-damaged", `The memory of the state is ${how} than its graph says.`);
}
