import { formatDuration } from "../../../base/index.ts";
import type { Lane, MachineTrack, Span } from "../timeline.ts";
import { attemptEnd, counted } from "../words.ts";
import { type Markup, html, px } from "./markup.ts";
import type { Plot } from "./plot.ts";

/** From one line of machines to the next. */
export const LANE_HEIGHT = 26;
const BAR_TOP = 4;
const BAR_HEIGHT = 14;
const MIDDLE = BAR_TOP + BAR_HEIGHT / 2;
/** Marks of saves that are nearer to one another become one. */
const SAVES_APART = 11;
/** A cross stands behind the end of its bar, so that it hides nothing of what was lost there. */
const CROSS_AFTER = 6;

/** With less room for each machine of a line, marks are ticks: large ones would hide what they stand on. */
const LEAST_ROOM = 26;

/** The machines of a line: what they did, what they saved, how they ended. */
export function drawLane(plot: Plot, lane: Lane, top: number): Markup {
  const dense = (plot.width - plot.gutter) / lane.tracks.length < LEAST_ROOM;
  return html`${lane.tracks.map((track) => drawTrack(plot, track, top, dense))}`;
}

function drawTrack(plot: Plot, track: MachineTrack, top: number, dense: boolean): Markup {
  const { machine } = track;
  const [from, to] = [plot.x(machine.fromMs), plot.x(machine.toMs)];
  return html`<g><title>${trackTitle(track)}</title>
<rect class="machine" x="${px(from)}" y="${top + BAR_TOP}" width="${px(Math.max(1.5, to - from))}" height="${BAR_HEIGHT}" rx="2"/>
${track.spans.map((span) => drawSpan(plot, span, top))}
${dense ? drawSaveTicks(plot, track, top) : drawSaves(plot, track, top)}
${track.heardMs === undefined || dense ? undefined : drawHeard(plot.x(track.heardMs), top)}
${track.failedMs.map((failedMs) => drawFailure(plot.x(failedMs), top))}
${dense && track.completedMs === undefined ? undefined : drawEnd(plot, track, top)}</g>`;
}

function trackTitle({ machine, attempts }: MachineTrack): string {
  const life = `machine ${machine.number} in ${machine.zone}, ${formatDuration(machine.fromMs)} to ${formatDuration(machine.toMs)}, ${END_WORDS[machine.end]}`;
  const lives = attempts.map(
    (attempt) =>
      `attempt ${attempt.number}: ${attemptEnd(attempt)}, ${counted(attempt.saves.length, "save")}, lost work ${formatDuration(attempt.lostMs)}`,
  );
  return [life, ...lives].join("; ");
}

const END_WORDS = {
  interrupted: "taken away after a notice",
  lost: "taken away without notice",
  released: "not needed any more",
} as const;

function drawSpan(plot: Plot, span: Span, top: number): Markup | undefined {
  const [from, to] = [plot.x(span.fromMs), plot.x(span.toMs)];
  const y = top + BAR_TOP;
  switch (span.kind) {
    case "idle":
      return undefined;
    case "waiting": {
      const middle = top + MIDDLE;
      return html`<line class="waiting" x1="${px(from + 4)}" x2="${px(Math.max(from + 4, to - 3))}" y1="${middle}" y2="${middle}"/>`;
    }
    case "work":
    case "start":
      return html`<rect class="${span.kind}" x="${px(from)}" y="${y}" width="${px(to - from)}" height="${BAR_HEIGHT}" rx="2"/>`;
    case "lost":
    case "still": {
      // Never rounded away: these are what one looks for.
      const width = Math.max(4, to - from);
      const x = px(to - width);
      return html`<rect x="${x}" y="${y}" width="${px(width)}" height="${BAR_HEIGHT}" rx="2" fill="url(#${plot.name}-${span.kind})"/><rect class="${span.kind}-edge" x="${x}" y="${y}" width="${px(width)}" height="${BAR_HEIGHT}" rx="2"/>`;
    }
    default:
      return span.kind satisfies never;
  }
}

/** A diamond where saves had become durable; several near to one another are one. */
function drawSaves(plot: Plot, track: MachineTrack, top: number): Markup {
  const groups: { x: number; count: number }[] = [];
  for (const saveMs of track.saves) {
    const x = plot.x(saveMs);
    const last = groups.at(-1);
    if (last !== undefined && x - last.x < SAVES_APART) last.count += 1;
    else groups.push({ x, count: 1 });
  }
  return html`${groups.map(
    ({ x, count }) =>
      html`<path class="save" d="M${px(x)} ${top + MIDDLE - 5}l5 5l-5 5l-5 -5z"><title>${counted(count, "save")}</title></path>`,
  )}`;
}

const TICKS_APART = 4;

function drawSaveTicks(plot: Plot, track: MachineTrack, top: number): Markup {
  let last = Number.NEGATIVE_INFINITY;
  const apart = track.saves.filter((saveMs) => {
    const x = plot.x(saveMs);
    if (x - last < TICKS_APART) return false;
    last = x;
    return true;
  });
  const y = top + BAR_TOP + BAR_HEIGHT + 1;
  return html`${apart.map((saveMs) => html`<path class="save-tick" d="M${px(plot.x(saveMs))} ${y}v5"/>`)}`;
}

function drawHeard(x: number, top: number): Markup {
  return html`<path class="heard" d="M${px(x - 5)} ${top - 3}h10l-5 7z"><title>the notice was heard</title></path>`;
}

function drawFailure(x: number, top: number): Markup {
  const middle = top + MIDDLE;
  return html`<path class="failed" d="M${px(x)} ${middle - 9}l9 9l-9 9l-9 -9z"><title>the command failed</title></path><path class="tick" d="M${px(x)} ${middle - 4}v4m0 3.6v.4"/>`;
}

/** A check where the job was completed; a bar where a machine was taken after a notice, a cross where without. */
function drawEnd(plot: Plot, track: MachineTrack, top: number): Markup | undefined {
  const middle = top + MIDDLE;
  if (track.completedMs !== undefined) {
    const x = px(plot.x(track.completedMs));
    return html`<circle class="done" cx="${x}" cy="${middle}" r="9"/><path class="tick" d="M${px(x - 4)} ${middle}l3 3.2l5 -6"/>`;
  }
  const x = plot.x(track.machine.toMs);
  if (track.machine.end === "interrupted") return html`<path class="gone" d="M${px(x)} ${top + 1}v20"/>`;
  if (track.machine.end === "lost") {
    return html`<path class="gone" d="M${px(x + CROSS_AFTER - 4)} ${middle - 4}l8 8m0 -8l-8 8"/>`;
  }
  return undefined;
}
