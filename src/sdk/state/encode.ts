import { Buffer } from "node:buffer";
import { types } from "node:util";
import { Serializer } from "node:v8";
import { SpotproofError } from "../../base/index.ts";
import { type MemoryShape, PREFIX_BYTES, memoryRows, writePrefix } from "./graph-format.ts";
import { isResizable, piecesOf, shapeOf } from "./memories.ts";
import { notStorable, trouble } from "./trouble.ts";
import { BUFFER_BESIDE, BUFFER_INSIDE, kindOfView, lengthOfView, viewName } from "./view-kinds.ts";
import { type Walk, walkState } from "./walk.ts";

/** From this length on (bytes), memory stands beside the graph and is not copied into it. */
export const BESIDE_FROM = 4096;

/** How a state is encoded. */
export interface EncodeOptions {
  /**
   * Nodes (objects, elements, entries) that are looked at for values that would not come back; default: all of them.
   * What the limit leaves out is not protected: class instances there lose their class.
   */
  readonly walkLimit?: number;
  /** What messages call the whole; default `state`. */
  readonly name?: string;
}

/** A state as bytes. */
export interface EncodedState {
  /** Everything but big memory: a copy, independent of the program's state. */
  readonly graph: Buffer;
  /** Big memory, in order: views on the program's own, none longer than 1 GiB. `snapshot` copies them. */
  readonly buffers: readonly Uint8Array[];
  /** Bytes of graph and buffers together. */
  readonly byteLength: number;
  /** What was looked at: `complete` is false when `walkLimit` ended the look early. */
  readonly looked: { readonly nodes: number; readonly complete: boolean };
}

/**
 * Makes bytes of a state: whatever structured cloning knows, with shared and cyclic references. Objects without a
 * prototype and the `lastIndex` of regular expressions are kept too. ArrayBuffers come back whole and shared by the same
 * views; a Buffer is its own bytes only. What would not come back as it is, is refused. (Frozen objects come back unfrozen.)
 * @throws SpotproofError `state-not-storable` with the way to the value
 */
export function encodeState(state: unknown, options: EncodeOptions = {}): EncodedState {
  const root = options.name ?? "state";
  const walk = walkState(state, options.walkLimit ?? Infinity, root);
  try {
    return serialize(state, walk);
  } catch (error) {
    if (!walk.complete) walkState(state, Infinity, root); // throws with the way to what V8 has refused, if it finds it
    if (error instanceof SpotproofError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw notStorable(root, trouble(`refused by the serialization of V8: ${reason}`, ""), error);
  }
}

function serialize(state: unknown, walk: Walk): EncodedState {
  const serializer = new StateSerializer();
  serializer.writeRawBytes(Buffer.alloc(PREFIX_BYTES));
  serializer.writeHeader();
  for (const memory of walk.memories) serializer.putBeside(memory);
  serializer.writeValue(state);
  const hasAmendments = walk.bare.size > 0 || walk.expressions.size > 0;
  if (hasAmendments) {
    // In the same graph, so that they are references to the objects of the state.
    serializer.writeValue([...walk.bare]);
    serializer.writeValue([...walk.expressions]);
    serializer.writeValue([...walk.expressions].map((expression) => expression.lastIndex));
  }
  serializer.writeRawBytes(memoryRows(serializer.memories));
  const graph = serializer.releaseBuffer();
  writePrefix(graph, serializer.memories.length, hasAmendments);
  const buffers = serializer.pieces;
  const besides = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const looked = { nodes: walk.nodes, complete: walk.complete };
  return { graph, buffers, byteLength: graph.length + besides, looked };
}

/** What `Serializer` has and our types of Node.js have not. */
interface ViewHandling {
  _setTreatArrayBufferViewsAsHostObjects(handled: boolean): void;
}

class StateSerializer extends Serializer {
  readonly memories: MemoryShape[] = [];
  readonly pieces: Uint8Array[] = [];
  readonly #placed = new Set<ArrayBuffer>();

  constructor() {
    super();
    // V8 would write the whole pool around a Buffer, and the contents of every ArrayBuffer into the graph.
    // oxlint-disable-next-line no-underscore-dangle -- its name in Node.js
    (this as unknown as ViewHandling)._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Keeps big memory out of the graph, where a number stands for it from now on. */
  putBeside(memory: ArrayBuffer): void {
    if (memory.byteLength < BESIDE_FROM || this.#placed.has(memory)) return;
    this.#placed.add(memory);
    this.transferArrayBuffer(this.#place(shapeOf(memory), memory, 0), memory);
  }

  #place(shape: MemoryShape, memory: ArrayBuffer, byteOffset: number): number {
    this.pieces.push(...piecesOf(memory, byteOffset, shape.byteLength));
    return this.memories.push(shape) - 1;
  }

  /** Called by V8 for each view, and for objects that it cannot write. */
  _writeHostObject(object: object): void {
    if (!types.isArrayBufferView(object) || !types.isArrayBuffer(object.buffer)) {
      const name = Object.prototype.toString.call(object);
      throw notStorable("A value in the state", trouble(`${name}, which cannot be saved`));
    }
    if (Buffer.isBuffer(object)) this.#writeBuffer(object, object.buffer);
    else this.#writeView(object, object.buffer);
  }

  #writeBuffer(buffer: Buffer, memory: ArrayBuffer): void {
    const { byteLength, byteOffset } = buffer;
    if (byteLength >= BESIDE_FROM) {
      this.writeUint32(BUFFER_BESIDE);
      this.writeUint32(this.#place({ byteLength }, memory, byteOffset));
    } else {
      this.writeUint32(BUFFER_INSIDE);
      this.writeUint32(byteLength);
      this.writeRawBytes(buffer);
    }
  }

  #writeView(view: NodeJS.ArrayBufferView, memory: ArrayBuffer): void {
    const kind = kindOfView(view);
    if (kind === undefined) {
      const what = `a ${viewName(view)}, which this version of Spotproof does not know`;
      throw notStorable("A value in the state", trouble(what, "Save a copy as another typed array."));
    }
    this.putBeside(memory);
    this.writeUint32(kind);
    this.writeUint32(isResizable(memory) && followsLength(view, memory) ? 1 : 0);
    this.#writeLong(view.byteOffset);
    this.#writeLong(lengthOfView(view));
    this.writeValue(memory);
  }

  #writeLong(value: number): void {
    this.writeUint64(Math.floor(value / 2 ** 32), value % 2 ** 32);
  }
}

/** Whether a view grows with its memory. Nothing in the language says so, but V8 writes it, as a bit of the last byte. */
function followsLength(view: NodeJS.ArrayBufferView, memory: ArrayBuffer): boolean {
  const probe = new Serializer();
  probe.transferArrayBuffer(0, memory);
  probe.writeValue(view);
  return ((probe.releaseBuffer().at(-1) ?? 0) & 1) === 1;
}
