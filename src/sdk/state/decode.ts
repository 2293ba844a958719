import { Buffer } from "node:buffer";
import { Deserializer } from "node:v8";
import { SpotproofError, reasonOf } from "../../base/index.ts";
import { readFrame, unreadable } from "./graph-format.ts";
import { joinMemories } from "./memories.ts";
import { BUFFER_BESIDE, BUFFER_INSIDE, type View, constructorOfKind, nameOfKind } from "./view-kinds.ts";

/**
 * Makes the state again from what `encodeState` has made. Buffers that are a whole ArrayBuffer each, as those of
 * `allocateBuffers` and of `Buffer.allocUnsafeSlow` are, become part of the state without a copy: whoever hands them over
 * must not use them any more.
 * @throws SpotproofError `state-unreadable`
 */
export function decodeState(graph: Buffer, buffers: readonly Uint8Array[]): unknown {
  const { memories, payload, hasAmendments } = readFrame(graph);
  const deserializer = new StateDeserializer(payload, joinMemories(memories, buffers));
  try {
    deserializer.readHeader();
    const state: unknown = deserializer.readValue();
    if (hasAmendments) amend(deserializer);
    return state;
  } catch (error) {
    if (error instanceof SpotproofError) throw error;
    if (error instanceof RangeError && error.message.includes("call stack")) {
      throw unreadable(
        "It is nested more deeply than the stack of this process allows: start Node.js with --stack-size=3900 to read it.",
        error,
      );
    }
    throw unreadable(`The serialization of V8 says: ${reasonOf(error)}`, error);
  }
}

/** Gives back what structured cloning forgets. */
function amend(deserializer: Deserializer): void {
  const bare = deserializer.readValue() as readonly object[];
  const expressions = deserializer.readValue() as readonly RegExp[];
  const places = deserializer.readValue() as readonly number[];
  for (const object of bare) Object.setPrototypeOf(object, null);
  for (const [index, expression] of expressions.entries()) expression.lastIndex = places[index] ?? 0;
}

class StateDeserializer extends Deserializer {
  readonly #memories: readonly ArrayBuffer[];

  constructor(payload: Buffer, memories: readonly ArrayBuffer[]) {
    super(payload);
    this.#memories = memories;
    for (const [id, memory] of memories.entries()) this.transferArrayBuffer(id, memory);
  }

  /** Called by V8 where `_writeHostObject` has written. */
  _readHostObject(): object {
    const kind = this.readUint32();
    if (kind === BUFFER_INSIDE) return Buffer.from(this.readRawBytes(this.readUint32()));
    if (kind === BUFFER_BESIDE) return this.#readBufferBeside();
    return this.#readView(kind);
  }

  #readBufferBeside(): Buffer {
    const memory = this.#memories[this.readUint32()];
    if (memory === undefined) throw unreadable("It names a buffer that it does not have.");
    return Buffer.from(memory);
  }

  #readView(kind: number): View {
    const Constructor = constructorOfKind(kind);
    if (Constructor === undefined) {
      throw unreadable(
        `It has a ${nameOfKind(kind)}, which Node.js ${process.versions.node} here does not know: go on with the Node.js that saved it, or a newer one.`,
      );
    }
    const followsLength = this.readUint32() === 1;
    const byteOffset = this.#readLong();
    const length = this.#readLong();
    const memory = this.readValue() as ArrayBuffer;
    return new Constructor(memory, byteOffset, followsLength ? undefined : length);
  }

  #readLong(): number {
    const [high, low] = this.readUint64();
    return high * 2 ** 32 + low;
  }
}
