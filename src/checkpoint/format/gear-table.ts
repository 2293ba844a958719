import { createHash } from "node:crypto";

/**
 * 256 fixed numbers of 32 bits, one for each value of a byte: the first four bytes (big-endian) of the SHA-256 of the
 * ASCII text `spotproof gear <value>`, the value in decimal. Part of the format: another table would cut elsewhere,
 * and nothing stored before would be found again.
 */
export const GEAR: Int32Array = new Int32Array(256);
for (let value = 0; value < 256; value += 1) {
  GEAR[value] = createHash("sha256").update(`spotproof gear ${value}`).digest().readInt32BE(0);
}
