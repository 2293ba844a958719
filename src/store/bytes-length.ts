import type { StoreBytes } from "./store.ts";

/** How many bytes the pieces are together. */
export function lengthOf(bytes: StoreBytes): number {
  return bytes.reduce((sum, piece) => sum + piece.length, 0);
}
