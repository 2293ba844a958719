import type { Manifest, NewManifest } from "./manifest.ts";

/** A manifest that was read, as whoever writes one gives it. */
export function asNew(manifest: Manifest): NewManifest {
  const { list } = manifest;
  if (list.kind === "chunks") return { ...manifest, list };
  return {
    ...manifest,
    list: { kind: "lines", lines: list.lines.map((line) => `${JSON.stringify(line)}\n`) },
  };
}
