import { type Clock, type Timer, formatDuration } from "../../../base/index.ts";
import { asciiText, cellWidth, clipText, padText, visibleText } from "../display-text.ts";
import { type Glyphs, type Paint, glyphsFor, paintFor } from "../terminal/sheet.ts";
import { wholeNumber } from "../words.ts";

const REDRAW_MS = 100;
/** Without a terminal: between two lines about how far the jobs are. */
const PLAIN_LINE_MS = 5_000;
const BAR_CELLS = 24;
const CLEAR_TO_END = "\u001b[0J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\r`);

/** What a job is doing at the moment. Moments are of the screen's clock. */
export type LiveState =
  | { readonly kind: "starting" | "working" | "standing-still" | "finished" | "gave-up" }
  /** It heard that its machine will be gone then. */
  | { readonly kind: "noticed"; readonly endsAtMs: number }
  /** There will be a machine then, when that is known. */
  | { readonly kind: "waiting"; readonly untilMs?: number | undefined };

/** A job as the screen shows it. */
export interface LiveJob {
  readonly title: string;
  /** Which of its machines it is on; 0 before the first. */
  readonly machine: number;
  readonly state: LiveState;
  readonly progress?:
    | { readonly done: number; readonly total?: number | undefined; readonly unit?: string | undefined }
    | undefined;
  /** How long its command has worked, on all machines. */
  readonly workedMs: number;
}

/** What the screen needs. */
export interface LiveScreenOptions {
  readonly write: (text: string) => void;
  /** Cells of a line at the moment: a terminal may be resized. */
  readonly columns: () => number;
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Only ASCII: the locale is not UTF-8. Default false. */
  readonly ascii?: boolean | undefined;
  readonly clock: Clock;
  /** The jobs as they are now; asked at every redraw. */
  readonly jobs: () => readonly LiveJob[];
}

/** Shows a rehearsal while it runs. */
export interface LiveScreen {
  /** Tells something that has happened, with its moment, above the status lines. */
  tell(line: string): void;
  /** Ends the redrawing; the last status stays on a terminal. Harmless when it was done before; later lines are still told. */
  close(): void;
}

/** On a terminal one line for each job, redrawn in place; elsewhere a line now and then, when it has changed. */
export function createLiveScreen(options: LiveScreenOptions): LiveScreen {
  const { write, clock, isTerminal, ascii = false } = options;
  const draw: Drawing = {
    paint: paintFor(options.colour),
    glyphs: glyphsFor(ascii),
    text: ascii ? asciiText : visibleText,
  };
  const begunMs = clock.now();
  let shown: readonly string[] = [];
  let lastPlain = "";
  let timer: Timer | undefined;

  const takeBack = (): string => {
    // The terminal may have become narrower since, and have broken the lines that were shown.
    const columns = Math.max(1, options.columns());
    const rows = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(cellWidth(line) / columns)), 0);
    shown = [];
    return rows === 0 ? "" : up(rows) + CLEAR_TO_END;
  };
  const redraw = (above: string): void => {
    const lines = options.jobs().map((job) => statusLine(job, options.columns(), clock.now(), draw));
    const cleared = takeBack();
    shown = lines.map((line) => line.plain);
    write(cleared + above + lines.map((line) => `${line.painted}\n`).join(""));
  };
  const told = (line: string): string => {
    const elapsed = `${((clock.now() - begunMs) / 1000).toFixed(1).padStart(6)} s  `;
    return `${draw.paint.faint(elapsed)}${draw.text(line)}\n`;
  };
  const plainLine = (): void => {
    const now = clock.now();
    const line = options
      .jobs()
      .map((job) => plainStatus(job, now, draw))
      .join("; ");
    if (line !== lastPlain) write(told(line));
    lastPlain = line;
  };
  const beat = (): void => {
    timer = clock.after(isTerminal ? REDRAW_MS : PLAIN_LINE_MS, () => {
      if (isTerminal) redraw("");
      else plainLine();
      beat();
    });
  };
  beat();
  return {
    tell(line) {
      if (isTerminal && timer !== undefined) redraw(told(line));
      else write(told(line));
    },
    close() {
      if (timer === undefined) return;
      timer.cancel();
      timer = undefined;
      if (isTerminal) redraw("");
      shown = [];
    },
  };
}

interface Drawing {
  readonly paint: Paint;
  readonly glyphs: Glyphs;
  readonly text: (text: string) => string;
}

/** A line that fits: a line that wraps could not be taken back. */
function statusLine(
  job: LiveJob,
  columns: number,
  now: number,
  draw: Drawing,
): { readonly plain: string; readonly painted: string } {
  const { glyphs, paint } = draw;
  const room = Math.max(1, columns - 1);
  const title = padText(clipText(draw.text(job.title), 18, glyphs.cut), 18);
  const words = `${progressWords(job, draw)}  machine ${job.machine}  ${stateWords(job.state, now)}`;
  const share = shareOf(job);
  const bar = share === undefined ? "" : barOf(share, glyphs);
  const colour = COLOURS[job.state.kind];
  if (bar !== "" && 2 + cellWidth(title) + 1 + BAR_CELLS + 2 + cellWidth(words) <= room) {
    return {
      plain: `  ${title} ${bar}  ${words}`,
      painted: `  ${title} ${paint.work(bar)}  ${paint[colour](words)}`,
    };
  }
  const short = clipText(`  ${title.trimEnd()}  ${words}`, room, glyphs.cut);
  return { plain: short, painted: paint[colour](short) };
}

const COLOURS: Readonly<Record<LiveState["kind"], keyof Paint>> = {
  starting: "faint",
  working: "work",
  noticed: "warning",
  waiting: "faint",
  "standing-still": "still",
  finished: "good",
  "gave-up": "bad",
};

function plainStatus(job: LiveJob, now: number, draw: Drawing): string {
  return `${draw.text(job.title)}: ${progressWords(job, draw)}, machine ${job.machine}, ${stateWords(job.state, now)}`;
}

function shareOf({ progress }: LiveJob): number | undefined {
  if (progress?.total === undefined || !(progress.total > 0)) return undefined;
  return Math.min(1, Math.max(0, progress.done / progress.total));
}

function progressWords(job: LiveJob, draw: Drawing): string {
  const share = shareOf(job);
  if (share !== undefined) return `${String(Math.floor(share * 100)).padStart(3)} %`;
  if (job.progress === undefined) return `worked ${formatDuration(job.workedMs)}`;
  return `${wholeNumber(job.progress.done)} ${draw.text(job.progress.unit ?? "done")}`;
}

function barOf(share: number, glyphs: Glyphs): string {
  const filled = Math.round(share * BAR_CELLS);
  return glyphs.full.repeat(filled) + glyphs.rest.repeat(BAR_CELLS - filled);
}

function stateWords(state: LiveState, now: number): string {
  const left = (atMs: number): string => `${(Math.max(0, atMs - now) / 1000).toFixed(1)} s`;
  switch (state.kind) {
    case "noticed":
      return `noticed, ${left(state.endsAtMs)} left`;
    case "waiting":
      return state.untilMs === undefined
        ? "waiting for a machine"
        : `waiting for a machine, ${left(state.untilMs)}`;
    case "standing-still":
      return "standing still";
    case "gave-up":
      return "gave up";
    case "starting":
    case "working":
    case "finished":
      return state.kind;
    default:
      return state satisfies never;
  }
}
