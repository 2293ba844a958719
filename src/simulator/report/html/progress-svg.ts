import type { ProgressCurve, ProgressPoint } from "../progress-curve.ts";
import { type Markup, html, px } from "./markup.ts";
import type { Plot } from "./plot.ts";

const CURVE_HEIGHT = 52;
/** The curve and the space under it. */
export const PROGRESS_HEIGHT = CURVE_HEIGHT + 14;

/** How far the job was: a line for every attempt, and how far it fell back between two. */
export function drawProgress(plot: Plot, curve: ProgressCurve, top: number): Markup {
  const bottom = top + CURVE_HEIGHT;
  const y = (point: ProgressPoint): number => px(bottom - Math.min(1, point.share) * CURVE_HEIGHT);
  const lines = curve.lines.map((points) => thinned(points, plot));
  const drawn = lines.map((points, index) => {
    const path = points.map((point) => `${px(plot.x(point.atMs))} ${y(point)}`).join("L");
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const area = `M${px(plot.x(first.atMs))} ${bottom}L${path}L${px(plot.x(last.atMs))} ${bottom}z`;
    return html`${bridge(lines[index - 1]?.at(-1), first, plot, y)}<path class="area" d="${area}"/><path class="curve" d="M${path}"/>`;
  });
  return html`<g>${scaleLabels(plot, curve, top)}
<line class="grid" x1="${plot.gutter}" x2="${plot.width}" y1="${top}" y2="${top}"/>
<line class="grid" x1="${plot.gutter}" x2="${plot.width}" y1="${bottom}" y2="${bottom}"/>
${drawn}</g>`;
}

function scaleLabels(plot: Plot, curve: ProgressCurve, top: number): Markup {
  const right = plot.gutter - 8;
  const most = curve.totalKnown ? "100 %" : "most";
  return html`${plot.name === "narrow" ? undefined : html`<text x="0" y="${top + CURVE_HEIGHT / 2 + 4}">progress</text>`}
<text x="${right}" y="${top + 6}" text-anchor="end">${most}</text>
<text x="${right}" y="${top + CURVE_HEIGHT + 4}" text-anchor="end">0</text>`;
}

/** From the end of one attempt to where the next began: a fall in red is work that is done again. */
function bridge(
  from: ProgressPoint | undefined,
  to: ProgressPoint,
  plot: Plot,
  y: (point: ProgressPoint) => number,
): Markup | undefined {
  if (from === undefined || from.atMs > to.atMs) return undefined;
  const fell = y(to) - y(from) > 1;
  return html`<path class="${fell ? "fall" : "bridge"}" d="M${px(plot.x(from.atMs))} ${y(from)}L${px(plot.x(to.atMs))} ${y(to)}"/>`;
}

/** No more points than the drawing can show; the last is kept. */
function thinned(points: readonly ProgressPoint[], plot: Plot): readonly ProgressPoint[] {
  let lastX = Number.NEGATIVE_INFINITY;
  return points.filter((point, index) => {
    const x = plot.x(point.atMs);
    if (x - lastX < 1 && index !== points.length - 1) return false;
    lastX = x;
    return true;
  });
}
