// Text that others wrote (commands, paths, a job's last words) on its way to a screen: it must not be able to move the cursor,
// change the direction of what stands beside it, or take more room than was counted.

/** What would act on the screen instead of being seen: controls, line ends, marks and overrides of the direction. */
const ACTIVE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Shows such characters as escapes (`\n`, `\u{1b}`) and halves of surrogate pairs as the replacement character. */
export function visibleText(text: string): string {
  return text
    .replaceAll(ACTIVE, (character) => NAMED[character] ?? escapeOf(character))
    .replaceAll(/\p{Cs}/gu, "\u{fffd}");
}

const IN_ASCII: Readonly<Record<string, string>> = { "…": "...", "–": "-", "—": "-", "×": "x", "·": "-" };

/** The same for a terminal that shows ASCII only. */
export function asciiText(text: string): string {
  return visibleText(text).replaceAll(
    /\P{ASCII}/gu,
    (character) => IN_ASCII[character] ?? escapeOf(character),
  );
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const NO_CELL = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** Unicode's East Asian wide and full-width blocks, and what is drawn as emoji. */
const TWO_CELLS =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

function cellsOf(character: string): number {
  if (NO_CELL.test(character)) return 0;
  return TWO_CELLS.test(character) ? 2 : 1;
}

/** How many cells of a terminal a text takes. Colours are not counted as anything else: paint afterwards. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** Cuts what does not fit into so many cells and ends it with `mark`. */
export function clipText(text: string, cells: number, mark: string): string {
  if (cellWidth(text) <= cells) return text;
  const [kept] = splitAt(text, Math.max(0, cells - cellWidth(mark)));
  return `${kept}${mark}`.slice(0, Math.max(0, cells));
}

/** Fills up to so many cells with spaces. */
export function padText(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - cellWidth(text)));
}

/** Breaks a text into lines of at most so many cells: at spaces, and inside words that are longer than a line. */
export function wrapText(text: string, cells: number): readonly string[] {
  const room = Math.max(1, cells);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (cellWidth(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (cellWidth(line) > room) {
      const [head, tail] = splitAt(line, room);
      lines.push(head);
      line = tail;
    }
  }
  return line === "" ? lines : [...lines, line];
}

/** The part that fits into so many cells (at least one character), and the rest. */
function splitAt(text: string, cells: number): readonly [string, string] {
  let width = 0;
  let index = 0;
  for (const character of text) {
    width += cellsOf(character);
    if (width > cells && (index > 0 || cells === 0)) break;
    index += character.length;
  }
  return [text.slice(0, index), text.slice(index)];
}
