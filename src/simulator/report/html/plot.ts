import type { Timeline } from "../timeline.ts";

/** A drawing of one width; the page shows the one that fits. Lengths are in units of its view box, about a pixel each. */
export interface Plot {
  /** Begins every id inside the drawing. */
  readonly name: "narrow" | "medium" | "wide";
  readonly width: number;
  /** Room for labels at the left. */
  readonly gutter: number;
  readonly timeline: Timeline;
  /** Where a moment is. */
  readonly x: (ms: number) => number;
}

/** Kept free at the right, for marks at the end of the last machine. */
const RIGHT = 12;

/** The average letter of a wide system font, for texts that must not touch. */
const LETTER = 7.6;

const SIZES = {
  narrow: { width: 368, gutter: 52 },
  medium: { width: 720, gutter: 104 },
  wide: { width: 1120, gutter: 184 },
} as const;

/** Prepares a drawing. */
export function plotOf(timeline: Timeline, name: Plot["name"]): Plot {
  const { width, gutter } = SIZES[name];
  const perMs = (width - gutter - RIGHT) / (timeline.toMs - timeline.fromMs);
  const x = (ms: number): number =>
    gutter + (Math.min(Math.max(ms, timeline.fromMs), timeline.toMs) - timeline.fromMs) * perMs;
  return { name, width, gutter, timeline, x };
}

/** About how wide a text is, rather too much than too little; `size` in units, of the letters. */
export function textWidth(text: string, size = 12): number {
  let letters = 0;
  for (const character of text) letters += (character.codePointAt(0) ?? 0) > 0x2e7f ? 1.9 : 1;
  return (letters * LETTER * size) / 12;
}

/** Cuts what does not fit. */
export function fitted(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  const characters = Array.from(text);
  while (characters.length > 0 && textWidth(`${characters.join("")}…`, size) > width) characters.pop();
  return `${characters.join("")}…`;
}
