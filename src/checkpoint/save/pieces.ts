/** Bytes in pieces, read from any position as if they were one. Quickest in ascending order. */
export class Pieces {
  readonly #pieces: readonly Uint8Array[];
  readonly length: number;
  /** The piece that was read last, and where it begins. */
  #current = 0;
  #currentAt = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
    this.length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Copies what comes at a position; gives how much that was: all that there is room for, or less at the end. */
  copyTo(target: Buffer, position: number): number {
    if (position < this.#currentAt) {
      this.#current = 0;
      this.#currentAt = 0;
    }
    let copied = 0;
    while (copied < target.length) {
      const piece = this.#pieces[this.#current];
      if (piece === undefined) break;
      const begin = position + copied - this.#currentAt;
      if (begin >= piece.length) {
        this.#current += 1;
        this.#currentAt += piece.length;
        continue;
      }
      const some = piece.subarray(begin, begin + target.length - copied);
      target.set(some, copied);
      copied += some.length;
    }
    return copied;
  }

  /** A part as one buffer: a copy, but where it is all of a single piece. */
  part(from: number, length: number): Buffer {
    const [only] = this.#pieces;
    if (only !== undefined && this.#pieces.length === 1 && from === 0 && length === only.length)
      return Buffer.from(only.buffer, only.byteOffset, only.length);
    const bytes = Buffer.allocUnsafeSlow(length);
    this.copyTo(bytes, from);
    return bytes;
  }
}
