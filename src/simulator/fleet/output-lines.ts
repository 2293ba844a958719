import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A longer line comes cut, in characters. */
const LONGEST_LINE = 16 * 1024;

/** Cuts what a stream says into lines. Reads on whatever happens, so that who writes is never held up. */
export class OutputLines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #rest = "";
  #isCut = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Begins to read. */
  read(stream: Readable): this {
    stream.on("data", (bytes: Buffer) => this.#take(this.#decoder.write(bytes)));
    // A pipe that breaks has said all that it had to say.
    stream.on("error", () => this.flush());
    stream.on("end", () => this.flush());
    return this;
  }

  /** Hands over what has no end of line yet. */
  flush(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#endLine();
  }

  #take(text: string): void {
    // A progress bar ends its lines with a carriage return alone.
    if (this.#rest.endsWith("\r") && text !== "" && !text.startsWith("\n")) this.#endLine();
    const lines = text.split(/\r?\n|\r(?!$)/);
    lines.forEach((line, index) => {
      if (index > 0) this.#endLine();
      this.#append(line);
    });
  }

  #append(text: string): void {
    const whole = this.#rest + text;
    if (whole.length > LONGEST_LINE) this.#isCut = true;
    this.#rest = whole.slice(0, LONGEST_LINE);
  }

  #endLine(): void {
    this.#onLine(this.#isCut ? `${this.#rest} …` : this.#rest.replace(/\r$/, ""));
    this.#rest = "";
    this.#isCut = false;
  }
}
