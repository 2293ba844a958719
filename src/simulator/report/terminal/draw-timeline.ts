import { clipText, padText } from "../display-text.ts";
import { timeTicks } from "../time-axis.ts";
import {
  type Lane,
  type MachineTrack,
  type Span,
  type SpanKind,
  type Timeline,
  partOf,
} from "../timeline.ts";
import type { Glyphs, Paint, Sheet } from "./sheet.ts";

/** One cell of a row. */
interface Cell {
  readonly kind: SpanKind | "save" | "notice" | "gone" | "completed" | "failed" | "nothing";
}

/** Between two marks of saves; what lies nearer to the one before is not drawn. */
const SAVES_APART = 3;
const LABEL_CELLS = 15;
const NARROW_LABEL_CELLS = 8;
const NARROW_COLUMNS = 70;

/** A machine is seen when it has so many cells; more strips are not drawn for its sake. */
const CELLS_OF_A_MACHINE = 6;
const MOST_STRIPS = 6;

/** The timeline in lines: in strips one after the other when many machines share a line, then the legend. */
export function drawTimeline(timeline: Timeline, sheet: Sheet): readonly string[] {
  const labelCells = sheet.columns < NARROW_COLUMNS ? NARROW_LABEL_CELLS : LABEL_CELLS;
  const cells = sheet.columns - labelCells - 1;
  const crowd = Math.max(0, ...timeline.jobs.flatMap((job) => job.lanes.map((lane) => lane.tracks.length)));
  const strips = Math.min(MOST_STRIPS, Math.max(1, Math.ceil((crowd * CELLS_OF_A_MACHINE) / cells)));
  const stripMs = (timeline.toMs - timeline.fromMs) / strips;
  const lines = Array.from({ length: strips }, (_, index) => {
    const fromMs = timeline.fromMs + index * stripMs;
    const strip = strips === 1 ? timeline : partOf(timeline, fromMs, fromMs + stripMs);
    return [...drawStrip(strip, labelCells, cells, sheet), ""];
  });
  return [...lines.flat(), ...legend(timeline, sheet)];
}

/** The time, the interruptions, then the machines of each job under its title. */
function drawStrip(timeline: Timeline, labelCells: number, cells: number, sheet: Sheet): readonly string[] {
  const scale = scaleOf(timeline, cells);
  const indent = " ".repeat(labelCells);
  const head = axisLines(timeline, scale, sheet).map((line) => indent + line);
  const rows = timeline.jobs.flatMap((job) => [
    "",
    sheet.paint.strong(clipText(sheet.text(job.job.title), sheet.columns, sheet.glyphs.cut)),
    ...job.lanes.map((lane) => {
      const label = padText(
        clipText(laneLabel(lane, labelCells), labelCells - 1, sheet.glyphs.cut),
        labelCells,
      );
      return `${sheet.paint.faint(label)}${drawCells(cellsOf(lane, scale), sheet)}`.trimEnd();
    }),
  ]);
  return [...head, ...rows];
}

/** Where on a row a moment is. */
interface Scale {
  readonly cells: number;
  readonly timeline: Timeline;
  /** 0 to `cells` - 1. */
  readonly cell: (ms: number) => number;
}

function scaleOf(timeline: Timeline, cells: number): Scale {
  const perCell = (timeline.toMs - timeline.fromMs) / cells;
  return {
    cells,
    timeline,
    cell: (ms) => Math.min(cells - 1, Math.max(0, Math.floor((ms - timeline.fromMs) / perCell))),
  };
}

function laneLabel(lane: Lane, cells: number): string {
  const narrow = cells <= NARROW_LABEL_CELLS;
  const [first, ...others] = lane.tracks.map((track) => track.machine.number);
  if (others.length === 0) return `${narrow ? "mach." : "machine"} ${first ?? ""}`;
  return `${narrow ? "" : "machines "}${first ?? ""}-${others.at(-1) ?? ""}`;
}

function axisLines(timeline: Timeline, scale: Scale, sheet: Sheet): readonly string[] {
  const { glyphs, paint } = sheet;
  const ticks = timeTicks(timeline.fromMs, timeline.toMs, Math.floor(scale.cells / 11));
  const labels = placed(
    ticks.map((tick) => ({ at: scale.cell(tick.atMs), text: tick.label })),
    scale.cells,
  );
  const rule = Array.from({ length: scale.cells }, () => glyphs.rule);
  for (const tick of ticks) rule[scale.cell(tick.atMs)] = glyphs.tick;
  const numbers = timeline.bands.map((band) => ({
    at: scale.cell(band.toMs),
    text: String(band.interruption.number),
  }));
  const lines = [paint.faint(labels), paint.faint(rule.join(""))];
  return numbers.length === 0 ? lines : [...lines, paint.warning(placed(numbers, scale.cells))];
}

/** Words at their cells, each left out that would touch the one before, shifted to stay on the line. */
function placed(words: readonly { readonly at: number; readonly text: string }[], cells: number): string {
  let line = "";
  for (const { at, text } of words) {
    const from = Math.max(0, Math.min(at, cells - text.length));
    if (line !== "" && from <= line.length) continue;
    line = line.padEnd(from) + text;
  }
  return line;
}

function cellsOf(lane: Lane, scale: Scale): Cell[] {
  const cells = Array.from({ length: scale.cells }, (): Cell => ({ kind: "nothing" }));
  const set = (ms: number, kind: Cell["kind"]): void => {
    cells[scale.cell(ms)] = { kind };
  };
  // Marks after all stretches: the wait for the next machine begins in the cell in which this one ended.
  for (const track of lane.tracks) fill(cells, track.spans, scale);
  for (const track of lane.tracks) {
    let lastSave = Number.NEGATIVE_INFINITY;
    for (const [index, saveMs] of track.saves.entries()) {
      const at = scale.cell(saveMs);
      // What was lost stays visible, and the last save is always shown: it is the one that counts.
      const counts = at - lastSave >= SAVES_APART || index === track.saves.length - 1;
      if (!counts || cells[at]?.kind === "lost") continue;
      set(saveMs, "save");
      lastSave = at;
    }
    if (track.heardMs !== undefined) set(track.heardMs, "notice");
    for (const failedMs of track.failedMs) set(failedMs, "failed");
    if (track.completedMs !== undefined) set(track.completedMs, "completed");
    else if (track.takenMs !== undefined) set(track.takenMs, "gone");
  }
  return cells;
}

/** Every cell shows what took most of its time; lost work is never rounded away. */
function fill(cells: Cell[], spans: readonly Span[], scale: Scale): void {
  const perCell = (scale.timeline.toMs - scale.timeline.fromMs) / scale.cells;
  const best = new Map<number, number>();
  for (const span of spans) {
    for (let at = scale.cell(span.fromMs); at <= scale.cell(span.toMs); at += 1) {
      const cellFromMs = scale.timeline.fromMs + at * perCell;
      const coveredMs = Math.min(span.toMs, cellFromMs + perCell) - Math.max(span.fromMs, cellFromMs);
      if (coveredMs > (best.get(at) ?? 0)) {
        best.set(at, coveredMs);
        cells[at] = { kind: span.kind };
      }
    }
  }
  for (const { kind, fromMs, toMs } of spans) {
    // Left of the mark of the machine's end.
    if (kind !== "lost") continue;
    cells[Math.max(0, Math.min(scale.cell((fromMs + toMs) / 2), scale.cell(toMs) - 1))] = { kind };
  }
}

const LOOKS: Readonly<Record<Exclude<Cell["kind"], "nothing">, readonly [keyof Glyphs, keyof Paint]>> = {
  work: ["work", "work"],
  lost: ["lost", "bad"],
  start: ["start", "faint"],
  still: ["still", "still"],
  waiting: ["waiting", "faint"],
  idle: ["idle", "faint"],
  save: ["save", "good"],
  notice: ["notice", "warning"],
  gone: ["gone", "bad"],
  completed: ["completed", "good"],
  failed: ["failed", "bad"],
};

function drawCells(cells: readonly Cell[], { glyphs, paint }: Sheet): string {
  let line = "";
  for (let from = 0; from < cells.length; ) {
    const kind = cells[from]?.kind ?? "nothing";
    let to = from + 1;
    while (to < cells.length && cells[to]?.kind === kind) to += 1;
    if (kind === "nothing") line += " ".repeat(to - from);
    else line += paint[LOOKS[kind][1]](glyphs[LOOKS[kind][0]].repeat(to - from));
    from = to;
  }
  return line;
}

const LEGEND: readonly (readonly [Exclude<Cell["kind"], "nothing">, string])[] = [
  ["work", "work"],
  ["save", "save"],
  ["notice", "notice heard"],
  ["gone", "machine taken away"],
  ["lost", "lost work"],
  ["start", "start and restore"],
  ["waiting", "no machine"],
  ["idle", "machine without the command"],
  ["still", "standing still"],
  ["completed", "done"],
  ["failed", "command failed"],
];

/** Explains the marks that occur, and no others. */
function legend(timeline: Timeline, sheet: Sheet): readonly string[] {
  const tracks = timeline.jobs.flatMap((job) => job.lanes.flatMap((lane) => lane.tracks));
  const drawn = new Set<Cell["kind"]>(tracks.flatMap((track) => track.spans.map((span) => span.kind)));
  const mark = (kind: Cell["kind"], occurs: (track: MachineTrack) => boolean): void => {
    if (tracks.some(occurs)) drawn.add(kind);
  };
  mark("save", (track) => track.saves.length > 0);
  mark("notice", (track) => track.heardMs !== undefined);
  mark("gone", (track) => track.takenMs !== undefined);
  mark("completed", (track) => track.completedMs !== undefined);
  mark("failed", (track) => track.failedMs.length > 0);
  const entries = LEGEND.filter(([kind]) => drawn.has(kind)).map(
    ([kind, words]) => [sheet.glyphs[LOOKS[kind][0]], words, LOOKS[kind][1]] as const,
  );
  const lines: string[] = [];
  let width = 0;
  for (const [glyph, words, colour] of entries) {
    const cells = 2 + words.length;
    const entry = `${sheet.paint[colour](glyph)} ${sheet.paint.faint(words)}`;
    if (width === 0 || width + 3 + cells > sheet.columns) {
      lines.push(entry);
      width = cells;
    } else {
      lines.push(`${lines.pop() ?? ""}   ${entry}`);
      width += 3 + cells;
    }
  }
  const numbered =
    timeline.bands.length > 0 ? sheet.wrap("Numbers over the machines are those of the interruptions.") : [];
  return [...lines, ...numbered.map(sheet.paint.faint)];
}
