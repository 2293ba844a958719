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
