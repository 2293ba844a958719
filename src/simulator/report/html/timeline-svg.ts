import { visibleText } from "../display-text.ts";
import { timeTicks } from "../time-axis.ts";
import type { JobTimeline, Lane, Timeline } from "../timeline.ts";
import { counted } from "../words.ts";
import { drawBands, drawBadges } from "./bands-svg.ts";
import { LANE_HEIGHT, drawLane } from "./lane-svg.ts";
import { type Markup, html, px } from "./markup.ts";
import { type Plot, fitted, plotOf, textWidth } from "./plot.ts";
import { PROGRESS_HEIGHT, drawProgress } from "./progress-svg.ts";

const AXIS_HEIGHT = 24;
const BADGES_HEIGHT = 26;
const STORE_HEIGHT = 20;
const TITLE_HEIGHT = 34;
const JOB_GAP = 14;
/** From one tick of the time axis to the next, at least. */
const TICK_ROOM = 84;

/** What is said about a job beside its title. */
export interface JobCaption {
  readonly text: string;
  /** Added where there is room. */
  readonly more: string;
  readonly good: boolean;
}

/** The timeline as an SVG picture, drawn for one width. `captions`: one for each job. */
export function timelineSvg(
  timeline: Timeline,
  name: Plot["name"],
  storeFaults: readonly { readonly kind: string; readonly fromMs: number; readonly toMs: number }[],
  captions: readonly JobCaption[],
): Markup {
  const plot = plotOf(timeline, name);
  const storeTop = AXIS_HEIGHT + (timeline.bands.length > 0 ? BADGES_HEIGHT : 0);
  const headHeight = storeTop + (storeFaults.length > 0 ? STORE_HEIGHT : 0);
  let y = headHeight;
  const jobs = timeline.jobs.map((job, index) => {
    const top = y;
    y += jobHeight(job);
    return drawJob(plot, job, top, captions[index]);
  });
  const height = px(y);
  return html`<svg class="${name}" viewBox="0 0 ${plot.width} ${height}" role="img" aria-labelledby="${name}-title ${name}-desc">
<title id="${name}-title">Timeline of the rehearsal</title>
<desc id="${name}-desc">${description(timeline, captions)}</desc>
${patterns(plot)}
${drawAxis(plot, height)}
${drawBands(plot, AXIS_HEIGHT, height)}
${timeline.bands.length > 0 ? drawBadges(plot, AXIS_HEIGHT + 11) : undefined}
${storeFaults.length > 0 ? drawStore(plot, storeTop, storeFaults) : undefined}
${jobs}
</svg>`;
}

function jobHeight(job: JobTimeline): number {
  return (
    TITLE_HEIGHT +
    (job.progress === undefined ? 0 : PROGRESS_HEIGHT) +
    job.lanes.length * LANE_HEIGHT +
    JOB_GAP
  );
}

/** The same for those who do not see it. */
function description(timeline: Timeline, captions: readonly JobCaption[]): string {
  const jobs = timeline.jobs.map(({ job }, index) => {
    const saves = job.attempts.reduce((sum, attempt) => sum + attempt.saves.length, 0);
    return `${job.title}: ${counted(job.machines.length, "machine")} and ${counted(saves, "save")}, ${captions[index]?.text ?? ""}${captions[index]?.more ?? ""}.`;
  });
  return `${counted(timeline.bands.length, "interruption")}. ${jobs.join(" ")} The tables below say the same in numbers.`;
}

function patterns({ name }: Plot): Markup {
  return html`<defs>
<pattern id="${name}-lost" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="lost-wash" width="7" height="7"/><line class="lost-line" x1="2" y1="0" x2="2" y2="7"/></pattern>
<pattern id="${name}-still" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="still-wash" width="6" height="6"/><circle class="still-dot" cx="3" cy="3" r="1.3"/></pattern>
</defs>`;
}

function drawAxis(plot: Plot, height: number): Markup {
  const { fromMs, toMs } = plot.timeline;
  const ticks = timeTicks(fromMs, toMs, Math.floor((plot.width - plot.gutter) / TICK_ROOM) + 1);
  const drawn = ticks.map((tick) => {
    const at = plot.x(tick.atMs);
    const half = textWidth(tick.label) / 2;
    // The last label ends at the picture's edge instead of going beyond it.
    const label = Math.min(at, plot.width - half - 1);
    return html`<line class="grid" x1="${px(at)}" x2="${px(at)}" y1="${AXIS_HEIGHT - 4}" y2="${height}"/><text x="${px(label)}" y="12" text-anchor="middle">${tick.label}</text>`;
  });
  return html`<g>${drawn}</g>`;
}

function drawStore(
  plot: Plot,
  y: number,
  faults: readonly { readonly kind: string; readonly fromMs: number; readonly toMs: number }[],
): Markup {
  const drawn = faults.map((fault) => {
    const from = plot.x(fault.fromMs);
    return html`<rect class="trouble" x="${px(from)}" y="${y + 3}" width="${px(Math.max(3, plot.x(fault.toMs) - from))}" height="9" rx="2"><title>The store: ${fault.kind}</title></rect>`;
  });
  return html`<g><text x="0" y="${y + 12}">${plot.name === "narrow" ? "store" : "store trouble"}</text>${drawn}</g>`;
}

function drawJob(plot: Plot, job: JobTimeline, top: number, caption: JobCaption | undefined): Markup {
  const { text = "", more = "", good = false } = caption ?? {};
  const said = `${good ? "✓" : "✗"} ${text}${plot.name === "narrow" ? "" : more}`;
  const captionWidth = Math.min(textWidth(said), plot.width * 0.62);
  const shownCaption = fitted(said, captionWidth);
  const title = fitted(visibleText(job.job.title), plot.width - captionWidth - 20, 15);
  const lanesTop = top + TITLE_HEIGHT + (job.progress === undefined ? 0 : PROGRESS_HEIGHT);
  const several = new Set(job.job.machines.map((machine) => machine.zone)).size > 1;
  return html`<g>
<line class="grid" x1="0" x2="${plot.width}" y1="${top + 3}" y2="${top + 3}"/>
<text class="title" x="0" y="${top + 22}">${title}</text>
<text class="${good ? "good" : "bad"}" x="${plot.width - 2}" y="${top + 22}" text-anchor="end">${shownCaption}</text>
${job.progress === undefined ? undefined : drawProgress(plot, job.progress, top + TITLE_HEIGHT)}
${job.lanes.map((lane, index) => {
  const y = lanesTop + index * LANE_HEIGHT;
  return html`<text x="0" y="${y + 15}">${laneLabel(plot, lane, several)}</text>${drawLane(plot, lane, y)}`;
})}
</g>`;
}

function laneLabel(plot: Plot, lane: Lane, several: boolean): string {
  const [first] = lane.tracks;
  if (first === undefined) return "";
  const { number, zone } = first.machine;
  const room = plot.gutter - 12;
  if (lane.tracks.length > 1) {
    return plot.name === "narrow" ? `× ${lane.tracks.length}` : counted(lane.tracks.length, "machine");
  }
  if (plot.name === "narrow") return `# ${number}`;
  const named =
    plot.name === "wide" && several ? `machine ${number} · ${visibleText(zone)}` : `machine ${number}`;
  return fitted(named, room);
}
