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
