import colors from "picocolors";
import type { Lane } from "./lane.ts";

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 2500;
const BAR_WIDTH = 30;
const CLEAR_LINE = "\u001b[2K";
const UP = (lines: number): string => `\u001b[${lines}A`;

/** Shows the two jobs while they run: two bars that are redrawn on a terminal, a line now and then elsewhere. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #lanes: readonly Lane[];
  readonly #begunMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #barsShown = false;
  #lastPlain = "";

  constructor(out: NodeJS.WriteStream, lanes: readonly Lane[]) {
    this.#out = out;
    this.#lanes = lanes;
    const live = out.isTTY;
    this.#timer = setInterval(
      () => (live ? this.#redraw() : this.#plainLine()),
      live ? REDRAW_MS : PLAIN_LINE_MS,
    );
  }

  /** Tells something that has happened, above the bars. */
  tell(words: string): void {
    const seconds = ((performance.now() - this.#begunMs) / 1000).toFixed(1).padStart(5);
    this.#out.write(`${this.#takeBack()}${colors.dim(`${seconds} s`)}  ${words}\n`);
    if (this.#out.isTTY) this.#redraw();
  }

  /** Stops showing. The bars stay as they are. Harmless when it was done before. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY && this.#barsShown) this.#redraw();
    this.#barsShown = false;
  }

  #redraw(): void {
    const width = this.#out.columns;
    const bars = this.#lanes.map((lane) => `${barOf(lane, width)}\n`).join("");
    this.#out.write(this.#takeBack() + bars);
    this.#barsShown = true;
  }

  /** What removes the bars from the terminal; written together with what comes in their place, it does not flicker. */
  #takeBack(): string {
    if (!this.#barsShown) return "";
    const lines = this.#lanes.length;
    this.#barsShown = false;
    return `${UP(lines)}${`${CLEAR_LINE}\n`.repeat(lines)}${UP(lines)}`;
  }

  #plainLine(): void {
    const line = this.#lanes
      .map((lane) => `${lane.title}: ${percentOf(lane)}, attempt ${lane.ledger.attempts.length}`)
      .join("   |   ");
    if (line !== this.#lastPlain) this.tell(line);
    this.#lastPlain = line;
  }
}

function barOf(lane: Lane, width: number): string {
  const { ledger } = lane;
  const filled = Math.round((ledger.step / ledger.total) * BAR_WIDTH);
  const bar = "█".repeat(filled) + colors.dim("░".repeat(BAR_WIDTH - filled));
  const attempt =
    ledger.result === undefined ? `attempt ${Math.max(1, ledger.attempts.length)}` : "done     ";
  const repeated = `${ledger.repeated.toLocaleString("en")} steps repeated`;
  const words = `${percentOf(lane)}  ${attempt}  ${repeated}`;
  const title = lane.title.padEnd(16);
  // A line that wraps could not be taken back, so a narrow terminal gets no bar.
  const wide = 2 + title.length + BAR_WIDTH + 2 + words.length < width;
  return wide ? `  ${title}${bar}  ${words}` : `  ${title}${percentOf(lane)}`;
}

function percentOf(lane: Lane): string {
  return `${String(Math.floor((lane.ledger.step / lane.ledger.total) * 100)).padStart(3)} %`;
}
