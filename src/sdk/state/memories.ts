import { types } from "node:util";
import { type MemoryShape, PIECE_BYTES, readFrame, unreadable } from "./graph-format.ts";

/** An ArrayBuffer that may be resizable, which the language has and our library of types has not. */
interface Resizable {
  readonly resizable?: boolean;
  readonly maxByteLength?: number;
}

const ResizableBuffer = ArrayBuffer as new (
  byteLength: number,
  options?: { readonly maxByteLength: number },
) => ArrayBuffer;

/** Whether an ArrayBuffer can grow and shrink in place. */
export function isResizable(memory: ArrayBuffer): boolean {
  return (memory as Resizable).resizable === true;
}

/** What the graph keeps of an ArrayBuffer that stands beside it. */
export function shapeOf(memory: ArrayBuffer): MemoryShape {
  const { byteLength } = memory;
  const maxByteLength = (memory as Resizable).maxByteLength ?? byteLength;
  return isResizable(memory) ? { byteLength, maxByteLength } : { byteLength };
}

/** Views on the bytes of `memory` from `byteOffset` on, none longer than a piece may be. Nothing is copied. */
export function piecesOf(memory: ArrayBuffer, byteOffset: number, byteLength: number): Uint8Array[] {
  return pieceLengths(byteLength).map(
    (length, index) => new Uint8Array(memory, byteOffset + index * PIECE_BYTES, length),
  );
}

function pieceLengths(byteLength: number): number[] {
  const pieces = Math.ceil(byteLength / PIECE_BYTES);
  return Array.from({ length: pieces }, (_, index) =>
    Math.min(PIECE_BYTES, byteLength - index * PIECE_BYTES),
  );
}

/**
 * Memory for the buffers of a graph, to be read into and handed to `decodeState`, which then need not copy:
 * one for each of `EncodedState.buffers`, in its order and with its length. Its contents are zeros.
 * @throws SpotproofError `state-unreadable`
 */
export function allocateBuffers(graph: Buffer): readonly Uint8Array[] {
  return readFrame(graph).memories.flatMap((shape) => piecesOf(newMemory(shape), 0, shape.byteLength));
}

function newMemory({ byteLength, maxByteLength }: MemoryShape): ArrayBuffer {
  try {
    return maxByteLength === undefined
      ? new ArrayBuffer(byteLength)
      : new ResizableBuffer(byteLength, { maxByteLength });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw unreadable(`This process gets no memory of ${maxByteLength ?? byteLength} bytes for it.`, error);
  }
}

/**
 * Puts the buffers of a state together to the memories that its graph names. Buffers that are exactly a whole memory
 * become it, without a copy; others are copied, which also gives them the alignment that typed arrays need.
 * @throws SpotproofError `state-unreadable` when the buffers are not those of the graph
 */
export function joinMemories(
  shapes: readonly MemoryShape[],
  buffers: readonly Uint8Array[],
): readonly ArrayBuffer[] {
  const expected = shapes.flatMap(({ byteLength }) => pieceLengths(byteLength));
  if (expected.length !== buffers.length) {
    throw unreadable(`The state has ${expected.length} buffers, and ${buffers.length} were found.`);
  }
  for (const [index, length] of expected.entries()) {
    const found = buffers[index]?.byteLength;
    if (found === length) continue;
    throw unreadable(`Buffer ${index} of the state should have ${length} bytes and has ${found}.`);
  }
  const taken = new Set<ArrayBuffer>();
  let next = 0;
  return shapes.map((shape) => {
    const pieces = buffers.slice(next, next + pieceLengths(shape.byteLength).length);
    next += pieces.length;
    const memory = wholeMemory(shape, pieces);
    const own = memory === undefined || taken.has(memory) ? copyOf(shape, pieces) : memory;
    taken.add(own);
    return own;
  });
}

/** The ArrayBuffer that the pieces are, one after the other and from end to end; undefined if they are none. */
function wholeMemory(shape: MemoryShape, pieces: readonly Uint8Array[]): ArrayBuffer | undefined {
  const memory = pieces[0]?.buffer;
  if (memory === undefined || !types.isArrayBuffer(memory)) return undefined;
  const { byteLength, maxByteLength } = shapeOf(memory);
  if (byteLength !== shape.byteLength || maxByteLength !== shape.maxByteLength) return undefined;
  const inOrder = pieces.every(
    (piece, index) => piece.buffer === memory && piece.byteOffset === index * PIECE_BYTES,
  );
  return inOrder ? memory : undefined;
}

function copyOf(shape: MemoryShape, pieces: readonly Uint8Array[]): ArrayBuffer {
  const memory = newMemory(shape);
  for (const [index, piece] of pieces.entries()) {
    new Uint8Array(memory, index * PIECE_BYTES, piece.byteLength).set(piece);
  }
  return memory;
}
