import { SpotproofError } from "../base/index.ts";

/**
 * Reads a whole number as users type it.
 * @throws SpotproofError `bad-usage` that names the option and its limits
 */
export function parseCount(text: string, option: string, least: number, most = 1_000_000): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new SpotproofError(
    "bad-usage",
    `${option} "${text}" is not a whole number from ${least} to ${most}.`,
  );
}

/**
 * Reads a factor of time as users type it: `20x`, `20`, `1.5x`.
 * @throws SpotproofError `bad-usage` that names the option and its limits
 */
export function parseSpeed(text: string, option: string, least: number, most: number): number {
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(text.trim());
  const speed = Number(match?.[1]);
  if (match !== null && speed >= least && speed <= most) return speed;
  throw new SpotproofError(
    "bad-usage",
    `${option} "${text}" is no factor from ${least} to ${most}. Write 20x for twenty times faster.`,
  );
}

/**
 * Reads a share as users type it: `60%`. Gives 0 to 1.
 * @throws SpotproofError `bad-usage` that names the option and its limits
 */
export function parseShare(text: string, option: string, least: "from 0%" | "above 0%"): number {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text.trim());
  const share = Number(match?.[1]) / 100;
  if (match !== null && share <= 1 && (share > 0 || least === "from 0%")) return share;
  throw new SpotproofError(
    "bad-usage",
    `${option} "${text}" is no share ${least} to 100%. Write 60% for three fifths.`,
  );
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
};

/**
 * Reads a size as users type it: a number and a unit, `512MiB`, `4GiB`, `1.5TB`. Gives bytes.
 * @throws SpotproofError `bad-usage` that names the option
 */
export function parseByteSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim());
  const unit = BYTE_UNITS[match?.[2] ?? ""];
  const bytes = Math.round(Number(match?.[1]) * (unit ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new SpotproofError(
    "bad-usage",
    `${option} "${text}" is not a size. Write a number and a unit, such as 512MiB or 4GiB.`,
  );
}
