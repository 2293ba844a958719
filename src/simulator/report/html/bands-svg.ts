import type { Band } from "../timeline.ts";
import { visibleText } from "../display-text.ts";
import { type Markup, html, px } from "./markup.ts";
import { type Plot, textWidth } from "./plot.ts";

const BADGE_TEXT = 11;
const BADGE_HEIGHT = 18;
const BETWEEN_BADGES = 3;

/** Every interruption as a band through all jobs, from its first sign to its end. */
export function drawBands(plot: Plot, top: number, bottom: number): Markup {
  const drawn = plot.timeline.bands.map((band) => {
    const [from, to] = [plot.x(band.fromMs), plot.x(band.toMs)];
    const y = top + 2;
    if (band.harmless) {
      return html`<rect class="harmless" x="${px(from)}" y="${y}" width="${px(Math.max(2, to - from))}" height="${px(bottom - y)}"/>`;
    }
    return html`<rect class="band" x="${px(from)}" y="${y}" width="${px(Math.max(1, to - from))}" height="${px(bottom - y)}"/><line class="band-end" x1="${px(to)}" x2="${px(to)}" y1="${y}" y2="${px(bottom)}"/>`;
  });
  return html`<g>${drawn}</g>`;
}

interface Badge {
  readonly bands: readonly Band[];
  readonly x: number;
  readonly text: string;
  readonly width: number;
}

/** The interruptions' numbers above their bands; those that would touch become one (`4–9`); with room, in words too. */
export function drawBadges(plot: Plot, y: number): Markup {
  const badges = mergedBadges(plot);
  const drawn = badges.map((badge, index) => {
    const next = badges[index + 1];
    const wordsFrom = badge.x + badge.width / 2 + 5;
    const wordsTo = next === undefined ? plot.width : next.x - next.width / 2 - 8;
    const words = badge.bands.length === 1 ? visibleText(badge.bands[0]?.interruption.what ?? "") : "";
    const fits = words !== "" && wordsFrom + textWidth(words) <= wordsTo;
    return html`<g><rect class="badge" x="${px(badge.x - badge.width / 2)}" y="${px(y - BADGE_HEIGHT / 2)}" width="${px(badge.width)}" height="${BADGE_HEIGHT}" rx="9"><title>${badge.bands.map(({ interruption }) => `${interruption.number}: ${interruption.what}`).join("; ")}</title></rect><text class="badge-text" x="${px(badge.x)}" y="${px(y + 4)}" text-anchor="middle">${badge.text}</text>${fits ? html`<text x="${px(wordsFrom)}" y="${px(y + 4)}">${words}</text>` : undefined}</g>`;
  });
  return html`<g>${drawn}</g>`;
}

function mergedBadges(plot: Plot): readonly Badge[] {
  const badges: Badge[] = [];
  const inOrder = [...plot.timeline.bands].sort((a, b) => a.toMs - b.toMs);
  for (const band of inOrder) {
    let badge = badgeOf(plot, [band]);
    for (;;) {
      const before = badges.at(-1);
      if (before === undefined) break;
      if (badge.x - badge.width / 2 >= before.x + before.width / 2 + BETWEEN_BADGES) break;
      badges.pop();
      badge = badgeOf(plot, [...before.bands, ...badge.bands]);
    }
    badges.push(badge);
  }
  return badges;
}

function badgeOf(plot: Plot, bands: readonly Band[]): Badge {
  const numbers = bands.map((band) => band.interruption.number).sort((a, b) => a - b);
  const [first, last] = [numbers[0] ?? 0, numbers.at(-1) ?? 0];
  const text = first === last ? String(first) : `${first}–${last}`;
  const width = Math.max(BADGE_HEIGHT, textWidth(text, BADGE_TEXT) + 8);
  const middle = bands.reduce((sum, band) => sum + plot.x(band.toMs), 0) / bands.length;
  return { bands, x: Math.min(middle, plot.width - width / 2 - 1), text, width };
}
