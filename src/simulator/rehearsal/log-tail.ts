import { type FileHandle, open } from "node:fs/promises";
import { type Clock, systemErrorCode } from "../../base/index.ts";

const LOOK_EVERY_MS = 20;
const READ_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** One line of a log of `spotproof run`. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Follows the log file of a `spotproof run` that is running, line by line, from its first. */
export class LogTail {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onLine: (line: LogLine) => void;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  #file: FileHandle | undefined;
  #position = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string, clock: Clock, onLine: (line: LogLine) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#onLine = onLine;
    this.#following = this.#follow();
    // Thrown by `close`, which may come much later.
    this.#following.catch(() => undefined);
  }

  /** Reads what is there and ends; throws what reading has met. A line that its writer's end has cut off is left out. */
  async close(): Promise<void> {
    this.#stop.abort();
    try {
      await this.#following;
      await this.#readOn();
    } finally {
      await this.#file?.close();
    }
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#readOn();
      await this.#clock.sleep(LOOK_EVERY_MS, this.#stop.signal);
    }
  }

  async #readOn(): Promise<void> {
    this.#file ??= await openIfThere(this.#path);
    if (this.#file === undefined) return;
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, READ_BYTES, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      this.#take(Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]));
    }
  }

  #take(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const line: unknown = JSON.parse(bytes.toString("utf8", from, end));
      if (typeof line === "object" && line !== null) this.#onLine(line as LogLine);
      from = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(from));
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
