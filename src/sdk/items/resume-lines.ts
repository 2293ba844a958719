import type { IndexLedger } from "./ledger.ts";
import { type LinePlace, LineReader } from "./lines.ts";

/** So many of the noted places are looked at, to see that the file is still the same. */
const MOST_LOOKS = 64;
const LOOK_BYTES = 4096;

/**
 * Opens a file of lines where the work has to go on: at the last noted place before which everything is handled. What lies
 * before is not read, but for some lines, which must be as they were.
 * @throws SpotproofError `items-changed` when they are not; a file that has grown is the same
 */
export async function openLinesWhereOpen(path: string, ledger: IndexLedger<string>): Promise<LineReader> {
  const places = ledger.positions();
  const start = places.at(-1);
  if (start === undefined) return LineReader.open(path);
  const stride = Math.ceil(places.length / MOST_LOOKS);
  for (let at = places.length - 1; at >= 0; at -= stride) {
    const place = places[at];
    if (place !== undefined) await look(path, place, ledger);
  }
  return LineReader.open(path, start);
}

async function look(path: string, place: LinePlace, ledger: IndexLedger<string>): Promise<void> {
  const { index, offset } = place;
  // One byte earlier: the line before must end there, of which then nothing is left.
  const reader = await LineReader.open(path, { index: index - 1, offset: offset - 1 }, LOOK_BYTES);
  try {
    const before = await nextLine(reader);
    const line = await nextLine(reader);
    if (before === "" && line !== undefined && ledger.isUnchanged(line, index)) return;
    throw ledger.changed(
      `at byte ${offset} of ${path} line ${index + 1} began, and now there is another text`,
    );
  } finally {
    await reader.close();
  }
}

async function nextLine(reader: LineReader): Promise<string | undefined> {
  for (;;) {
    const got = reader.advance();
    if (got === false) return undefined;
    if (got === true) return reader.item;
    await got;
  }
}
