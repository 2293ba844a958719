import { isUtf8 } from "node:buffer";
import fs from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SpotproofError, reasonOf } from "../../base/index.ts";
import type { Feed } from "./feed.ts";

/**
 * The lines of a text file, as items: UTF-8, one item a line, whether lines end in LF or CRLF; the last one needs no end, an empty
 * line is an item, a byte order mark is none. The file is read as it is needed.
 */
export function linesOf(path: string | URL): Lines {
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw new SpotproofError("bad-usage", "linesOf needs the path of a file, as a string or a file: URL.");
  }
  return new Lines(typeof path === "string" ? path : fileURLToPath(path));
}

/** What `linesOf` gives. */
export class Lines implements AsyncIterable<string> {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    const reader = await LineReader.open(this.path);
    try {
      for (;;) {
        const got = reader.advance();
        if (got === false) return;
        if (got === true) yield reader.item;
        else await got;
      }
    } finally {
      await reader.close();
    }
  }
}

/** A place in a file of lines. */
export interface LinePlace {
  /** The index of the line that begins there. */
  readonly index: number;
  readonly offset: number;
}

const READ_BYTES = 256 * 1024;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Reads lines from a place in a file on. */
export class LineReader implements Feed<string> {
  item = "";
  index: number;
  offset = 0;
  readonly #path: string;
  readonly #file: fs.FileHandle;
  readonly #readBytes: number;
  /** What was read and not given yet, and where in the file it begins. */
  #buffer = Buffer.alloc(0);
  #bufferOffset: number;
  /** Where in the buffer the next line begins, and where the last whole line ends. */
  #at = 0;
  #wholeEnd = 0;
  #isAtEnd = false;
  #reading: Promise<void> | undefined;

  private constructor(path: string, file: fs.FileHandle, place: LinePlace, readBytes: number) {
    this.#path = path;
    this.#file = file;
    this.index = place.index - 1;
    this.#bufferOffset = place.offset;
    this.#readBytes = readBytes;
  }

  /** @throws SpotproofError `items-unreadable` when the file cannot be opened */
  static async open(
    path: string,
    place: LinePlace = { index: 0, offset: 0 },
    readBytes = READ_BYTES,
  ): Promise<LineReader> {
    try {
      return new LineReader(path, await fs.open(path, "r"), place, readBytes);
    } catch (error) {
      throw unreadable(path, reasonOf(error), error);
    }
  }

  advance(): boolean | Promise<void> {
    if (this.#at < this.#wholeEnd) {
      this.#takeLine();
      return true;
    }
    if (this.#isAtEnd) return false;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async close(): Promise<void> {
    this.#isAtEnd = true;
    this.#wholeEnd = this.#at;
    // A file is not closed under a read.
    await this.#reading?.catch(() => undefined);
    await this.#file.close();
  }

  #takeLine(): void {
    const lineFeed = this.#buffer.indexOf(LINE_FEED, this.#at);
    const next = lineFeed === -1 ? this.#wholeEnd : lineFeed + 1;
    let end = lineFeed === -1 ? this.#wholeEnd : lineFeed;
    if (lineFeed !== -1 && end > this.#at && this.#buffer[end - 1] === CARRIAGE_RETURN) end -= 1;
    this.offset = this.#bufferOffset + this.#at;
    this.item = this.#buffer.toString("utf8", this.#at, end);
    this.index += 1;
    this.#at = next;
  }

  async #read(): Promise<void> {
    const rest = this.#buffer.subarray(this.#at);
    const from = this.#bufferOffset + this.#at;
    // A long line is read in pieces that grow with it.
    const buffer = Buffer.allocUnsafe(rest.length + Math.max(this.#readBytes, rest.length));
    rest.copy(buffer);
    const bytes = await this.#fill(buffer, rest.length, from + rest.length);
    if (this.#isAtEnd) return; // closed meanwhile
    this.#buffer = buffer.subarray(0, rest.length + bytes);
    this.#bufferOffset = from;
    this.#at = from === 0 && this.#buffer.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    this.#isAtEnd = bytes === 0;
    this.#wholeEnd = this.#isAtEnd ? this.#buffer.length : this.#buffer.lastIndexOf(LINE_FEED) + 1;
    this.#refuseOtherText();
  }

  async #fill(buffer: Buffer, at: number, position: number): Promise<number> {
    try {
      return (await this.#file.read(buffer, at, buffer.length - at, position)).bytesRead;
    } catch (error) {
      throw unreadable(this.#path, reasonOf(error), error);
    }
  }

  /** What is no UTF-8 would become other characters, without a word. */
  #refuseOtherText(): void {
    if (isUtf8(this.#buffer.subarray(this.#at, this.#wholeEnd))) return;
    let index = this.index;
    for (let at = this.#at; at < this.#wholeEnd; ) {
      const lineFeed = this.#buffer.indexOf(LINE_FEED, at);
      const end = lineFeed === -1 ? this.#wholeEnd : lineFeed + 1;
      index += 1;
      if (!isUtf8(this.#buffer.subarray(at, end))) {
        throw unreadable(this.#path, `Line ${index + 1}, at byte ${this.#bufferOffset + at}, is not UTF-8.`);
      }
      at = end;
    }
  }
}

function unreadable(path: string, reason: string, cause?: unknown): SpotproofError {
  return new SpotproofError(
    "items-unreadable",
    `${path}: ${reason}`,
    cause === undefined ? undefined : { cause },
  );
}
