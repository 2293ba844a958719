import { createHash } from "node:crypto";

/** The first `digits` hexadecimal digits that belong to a name: the same for the same name and purpose, on every machine. */
export function hexOf(purpose: string, name: string, digits: number): string {
  return createHash("sha256").update(`${purpose}\n${name}`).digest("hex").slice(0, digits);
}

/** The n-th letter of the alphabet for a zone that is written as a number, and the other way round. */
const LETTERS = "abcdefghij";

/** `a` for `a` and `1`; undefined for a text that is no single letter or digit. */
export function zoneLetter(zone: string): string | undefined {
  if (/^[a-j]$/.test(zone)) return zone;
  return /^[1-9]$/.test(zone) ? LETTERS[Number(zone) - 1] : undefined;
}

/** `1` for `1` and `a`; undefined for a text that is no single letter or digit. */
export function zoneNumber(zone: string): string | undefined {
  const letter = zoneLetter(zone);
  return letter === undefined ? undefined : String(LETTERS.indexOf(letter) + 1);
}
