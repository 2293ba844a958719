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
