import type { EncodedState } from "./encode.ts";

/** Memory that a snapshot has allocated: no other is ever written over. */
const copies = new WeakSet<Uint8Array>();

/**
 * A private copy of a state's buffers, so that the program may go on changing its memory while the save runs. (The
 * graph is a copy already.) Synchronous: call it in the same turn of the event loop as `encodeState`.
 *
 * `reuse` is an earlier snapshot that nobody reads any more: its memory is written over where the lengths are the same,
 * which is several times faster than fresh memory, and the earlier snapshot must not be used again.
 */
export function snapshot(encoded: EncodedState, reuse?: EncodedState): EncodedState {
  const spare = spareByLength(reuse?.buffers ?? []);
  const buffers = encoded.buffers.map((buffer) => {
    const copy = spare.get(buffer.byteLength)?.pop() ?? Buffer.allocUnsafeSlow(buffer.byteLength);
    copy.set(buffer);
    copies.add(copy);
    return copy;
  });
  return { ...encoded, buffers };
}

function spareByLength(buffers: readonly Uint8Array[]): ReadonlyMap<number, Uint8Array[]> {
  const spare = new Map<number, Uint8Array[]>();
  for (const buffer of buffers) {
    if (!copies.has(buffer)) continue;
    const same = spare.get(buffer.byteLength);
    if (same === undefined) spare.set(buffer.byteLength, [buffer]);
    else same.push(buffer);
  }
  return spare;
}
