import { SpotproofError } from "./errors.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** For people: `0 B`, `812 B`, `3.4 MiB`. Units are powers of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

const FACTORS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/**
 * Reads bytes per second as users type them: `50MiB`, `500kB`, `1.5GiB`, `50MiB/s`, `1000000`.
 * @throws SpotproofError `bad-usage` when it is anything else, or less than 1 KiB; `what` names the option.
 */
export function parseByteRate(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]i?b|b)?(?:\/s)?$/i.exec(text.trim());
  const rate = Number(match?.[1]) * (FACTORS[match?.[2]?.toLowerCase() ?? "b"] ?? Number.NaN);
  if (match !== null && rate >= 1024) return rate;
  throw new SpotproofError(
    "bad-usage",
    `${what}: "${text}" is not a number of bytes per second of at least 1KiB. Write a number and a unit, such as 50MiB, 500kB or 1GiB.`,
  );
}
