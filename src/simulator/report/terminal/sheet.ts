import colours from "picocolors";
import { asciiText, padText, visibleText, wrapText } from "../display-text.ts";

/** How a terminal's report is to look. */
export interface TerminalLook {
  /** Cells of a line. Under 40 is taken as 40. */
  readonly columns: number;
  readonly colour: boolean;
  /** Only ASCII: the locale is not UTF-8. Default false. */
  readonly ascii?: boolean | undefined;
}

/** Colours by meaning; each gives its text back unchanged when there is no colour. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly work: (text: string) => string;
  readonly still: (text: string) => string;
}

/** What lines are drawn with. Every one takes one cell, and is told from the others without colour. */
export interface Glyphs {
  readonly work: string;
  readonly lost: string;
  readonly start: string;
  readonly still: string;
  readonly waiting: string;
  readonly idle: string;
  readonly save: string;
  readonly notice: string;
  readonly gone: string;
  readonly completed: string;
  readonly failed: string;
  readonly rule: string;
  readonly tick: string;
  readonly full: string;
  readonly rest: string;
  readonly cut: string;
}

const UNICODE: Glyphs = {
  work: "━",
  lost: "╳",
  start: "╺",
  still: "░",
  waiting: "╌",
  idle: "·",
  save: "◆",
  notice: "▼",
  gone: "┃",
  completed: "✓",
  failed: "✗",
  rule: "─",
  tick: "┬",
  full: "█",
  rest: "░",
  cut: "…",
};

const ASCII: Glyphs = {
  work: "=",
  lost: "x",
  start: ">",
  still: "z",
  waiting: "-",
  idle: ".",
  save: "S",
  notice: "!",
  gone: "|",
  completed: "*",
  failed: "F",
  rule: "-",
  tick: "+",
  full: "#",
  rest: ".",
  cut: "~",
};

/** Everything that parts of a report need to write for one terminal. */
export interface Sheet {
  readonly columns: number;
  readonly paint: Paint;
  readonly glyphs: Glyphs;
  /** Makes any text harmless for this terminal. */
  readonly text: (text: string) => string;
  /** Lines of at most `columns` cells, all indented, the first after `lead`, which is painted. */
  readonly wrap: (text: string, lead?: Lead) => readonly string[];
}

/** What stands before the first line of a wrapped text; the others are indented as far. */
export interface Lead {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
  /** Paints the text after it, line by line. */
  readonly rest?: ((text: string) => string) | undefined;
}

const NARROWEST = 40;

/** Prepares for one terminal. */
export function sheetFor(look: TerminalLook): Sheet {
  const columns = Math.max(NARROWEST, Math.floor(look.columns));
  const text = look.ascii === true ? asciiText : visibleText;
  return {
    columns,
    paint: paintFor(look.colour),
    glyphs: look.ascii === true ? ASCII : UNICODE,
    text,
    wrap(words, lead = { text: "" }) {
      const indent = lead.text.length;
      const lines = wrapText(text(words), columns - indent);
      const rest = lead.rest ?? ((line: string) => line);
      const first = `${(lead.paint ?? ((line: string) => line))(lead.text)}${rest(lines[0] ?? "")}`;
      return [first, ...lines.slice(1).map((line) => padText("", indent) + rest(line))];
    },
  };
}

/** Colours by meaning, or none. */
export function paintFor(colour: boolean): Paint {
  const paint = colours.createColors(colour);
  return {
    strong: paint.bold,
    faint: paint.dim,
    good: paint.green,
    bad: paint.red,
    warning: paint.yellow,
    work: paint.cyan,
    still: paint.magenta,
  };
}

/** What bars are drawn with on such a terminal. */
export function glyphsFor(ascii: boolean): Glyphs {
  return ascii ? ASCII : UNICODE;
}
