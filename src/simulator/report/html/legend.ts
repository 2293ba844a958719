import type { RehearsalRecord } from "../../rehearsal/record.ts";
import type { SpanKind, Timeline } from "../timeline.ts";
import { type Markup, html } from "./markup.ts";

/** What the marks of the timeline mean: those that occur, and no others. */
export function legendOf(timeline: Timeline, record: RehearsalRecord): Markup {
  const tracks = timeline.jobs.flatMap((job) => job.lanes.flatMap((lane) => lane.tracks));
  const kinds = new Set<SpanKind>(tracks.flatMap((track) => track.spans.map((span) => span.kind)));
  const ends = new Set(
    tracks.filter((track) => track.completedMs === undefined).map((track) => track.machine.end),
  );
  const { bands } = timeline;
  const crowded = timeline.jobs.some((job) => job.lanes.some((lane) => lane.tracks.length > 1));
  const entries: readonly (readonly [boolean, Markup, string])[] = [
    [kinds.has("work"), BAR("work"), "work"],
    [kinds.has("lost"), LOST, "lost work"],
    [kinds.has("start"), BAR("start"), "start and restore"],
    [kinds.has("idle"), BAR("machine"), "machine without the command"],
    [kinds.has("still"), STILL, "standing still"],
    [kinds.has("waiting"), html`<line class="waiting" x1="3" x2="24" y1="8" y2="8"/>`, "no machine"],
    [
      tracks.some((track) => track.saves.length > 0),
      html`<path class="save" d="M13 3l5 5l-5 5l-5 -5z"/>`,
      "save",
    ],
    [crowded, html`<path class="save-tick" d="M13 5v6"/>`, "save, where it is crowded"],
    [
      tracks.some((track) => track.heardMs !== undefined),
      html`<path class="heard" d="M8 5h10l-5 7z"/>`,
      "notice heard",
    ],
    [ends.has("interrupted"), html`<path class="gone" d="M13 1v14"/>`, "machine taken after a notice"],
    [ends.has("lost"), html`<path class="gone" d="M9 4l8 8m0 -8l-8 8"/>`, "machine taken without notice"],
    [tracks.some((track) => track.completedMs !== undefined), DONE, "job completed"],
    [tracks.some((track) => track.failedMs.length > 0), FAILED, "command failed"],
    [bands.some((band) => !band.harmless), BAND, "interruption, first sign to end"],
    [
      bands.some((band) => band.harmless),
      html`<rect class="harmless" x="6" y="1" width="14" height="14"/>`,
      "warning that came to nothing",
    ],
    [
      timeline.jobs.some((job) => job.progress !== undefined),
      html`<path class="curve" d="M3 13L23 4"/>`,
      "progress",
    ],
    [
      record.storeFaults.length > 0,
      html`<rect class="trouble" x="3" y="4" width="20" height="8"/>`,
      "store in trouble",
    ],
  ];
  const items = entries
    .filter(([occurs]) => occurs)
    .map(
      ([, drawing, words]) =>
        html`<li><svg viewBox="0 0 26 16" aria-hidden="true">${drawing}</svg>${words}</li>\n`,
    );
  return html`<ul class="legend" aria-label="Legend">${items}</ul>`;
}

const BAR = (kind: string): Markup => html`<rect class="${kind}" x="1" y="2" width="24" height="12" rx="2"/>`;

// Drawn by hand: a pattern of another picture is not shown while that picture is hidden.
const LOST = html`<rect class="lost-wash" x="1" y="2" width="24" height="12" rx="2"/><path class="lost-line" d="M3 13L11 3M10 13L18 3M17 13L24 4"/><rect class="lost-edge" x="1" y="2" width="24" height="12" rx="2"/>`;

const STILL = html`<rect class="still-wash" x="1" y="2" width="24" height="12" rx="2"/>${[5, 11, 17, 22].map(
  (x) => html`<circle class="still-dot" cx="${x}" cy="8" r="1.4"/>`,
)}<rect class="still-edge" x="1" y="2" width="24" height="12" rx="2"/>`;

const DONE = html`<circle class="done" cx="13" cy="8" r="7.5"/><path class="tick" d="M9.5 8l2.5 2.8l4.5 -5.3"/>`;

const FAILED = html`<path class="failed" d="M13 0l8 8l-8 8l-8 -8z"/><path class="tick" d="M13 4.5v4m0 2.9v.2"/>`;

const BAND = html`<rect class="band" x="5" y="0" width="14" height="16"/><line class="band-end" x1="19" x2="19" y1="0" y2="16"/>`;
