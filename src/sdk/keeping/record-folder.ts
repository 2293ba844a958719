import { createReadStream } from "node:fs";
import fs from "node:fs/promises";
import { join } from "node:path";
import { SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";
import type { CommitRequest, KeptLog, KeptParts, Part } from "./keeper.ts";
import { POSITION_FILE, RECORD_FOLDER } from "./layout.ts";
import { type PartPlace, type RecordPosition, positionFromText, positionToText } from "./record-position.ts";

// The record of a job as files of a folder, which somebody else brings into checkpoints at any moment.
//
//   - `position.json` names the files that belong together, and takes the place of the one before by a rename: so every moment of the
//     folder is one whole record. Nothing that the present position names is ever written again; logs only grow.
//   - Nothing is synced here: what counts is the checkpoint, and whoever makes it reads what the files hold at that moment.

/** A log of which the end is still in memory. */
class FolderLog implements KeptLog {
  sizeBytes: number;
  /** Bytes that lie in the file. */
  written: number;
  #waiting: Uint8Array[] = [];

  constructor(bytes: number) {
    this.sizeBytes = bytes;
    this.written = bytes;
  }

  append(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.sizeBytes += bytes.byteLength;
  }

  /** What has to be added to the file; whoever takes it writes it or puts it back. */
  take(): readonly Uint8Array[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** What was taken could not be written. */
  putBack(pieces: readonly Uint8Array[]): void {
    this.#waiting = [...pieces, ...this.#waiting];
  }
}

/** Keeps the record in `<folder>/spotproof-state`. */
export class RecordFolder {
  readonly #path: string;
  readonly #logs = new Map<string, FolderLog>();
  #position: RecordPosition | undefined;
  #generation = 0;

  constructor(folder: string) {
    this.#path = join(folder, RECORD_FOLDER);
  }

  /**
   * The record that lies there, if there is one; what a life that was killed left beside it is removed.
   * @throws SpotproofError `checkpoint-damaged`, `folder-unusable`
   */
  async open(): Promise<KeptParts | undefined> {
    const position = await this.#readPosition();
    this.#position = position;
    if (position === undefined) return undefined;
    await this.#removeAllBut(position);
    for (const { file } of Object.values(position.parts)) {
      this.#generation = Math.max(this.#generation, Number(/-(\d+)$/.exec(file)?.[1] ?? 0));
    }
    return {
      index: position.index,
      sizes: new Map(Object.entries(position.parts).map(([name, { bytes }]) => [name, bytes])),
      read: (name) => this.read(name),
      stream: (name, from) => this.stream(name, from),
    };
  }

  openLog(name: string): KeptLog {
    let log = this.#logs.get(name);
    if (log === undefined) {
      log = new FolderLog(this.#position?.parts[name]?.bytes ?? 0);
      this.#logs.set(name, log);
    }
    return log;
  }

  async read(name: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.stream(name)) pieces.push(piece);
    const [first] = pieces;
    return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
  }

  /** What the present position says of a part. @throws SpotproofError `checkpoint-damaged` when it is not there in whole */
  async *stream(name: string, from = 0): AsyncIterable<Buffer> {
    const part = this.#position?.parts[name];
    if (part === undefined || part.bytes <= from) return;
    let left = part.bytes - from;
    const path = join(this.#path, part.file);
    try {
      for await (const piece of createReadStream(path, { start: from, end: part.bytes - 1 })) {
        const bytes = piece as Buffer;
        left -= bytes.length;
        yield bytes;
      }
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw unusable(path, error);
    }
    if (left > 0)
      throw new SpotproofError(
        "checkpoint-damaged",
        `${path} has ${left} bytes less than its position says.`,
      );
  }

  /** Writes the record of this moment. When it resolves the folder holds it; nothing is durable yet. */
  async write({ parts, index }: Pick<CommitRequest, "parts" | "index">): Promise<void> {
    await this.#guard(this.#path, () => fs.mkdir(this.#path, { recursive: true }));
    this.#generation += 1;
    const places: Record<string, PartPlace> = {};
    for (const part of parts) places[part.name] = await this.#writePart(part);
    const position: RecordPosition = { index, parts: places };
    const path = join(this.#path, POSITION_FILE);
    await this.#guard(path, async () => {
      await fs.writeFile(`${path}.new`, positionToText(position), { mode: 0o600 });
      await fs.rename(`${path}.new`, path);
    });
    this.#position = position;
    await this.#removeAllBut(position);
  }

  async #writePart(part: Part): Promise<PartPlace> {
    const before = this.#position?.parts[part.name];
    switch (part.kind) {
      case "unchanged":
        if (before === undefined) throw new SpotproofError("internal", `${part.name} was never written.`);
        return before;
      case "bytes": {
        const file = `${part.name}-${this.#generation}`;
        await this.#create(join(this.#path, file), part.pieces);
        return { file, bytes: part.pieces.reduce((sum, piece) => sum + piece.byteLength, 0) };
      }
      case "log":
        return this.#writeLog(part.name, part.log, before?.file ?? part.name);
      default:
        return part satisfies never;
    }
  }

  async #writeLog(name: string, log: KeptLog, file: string): Promise<PartPlace> {
    if (!(log instanceof FolderLog))
      throw new SpotproofError("internal", `${name} is a log of another record.`);
    const pieces = log.take();
    const path = join(this.#path, file);
    try {
      await (log.written === 0 ? this.#create(path, pieces) : this.#append(path, log.written, pieces));
    } catch (error) {
      log.putBack(pieces);
      throw error;
    }
    log.written += pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    return { file, bytes: log.written };
  }

  /** Adds to the end of a log; what a write that failed left behind its end is cut off first. */
  async #append(path: string, end: number, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#guard(path, async () => {
      if ((await fs.stat(path)).size > end) await fs.truncate(path, end);
      // Whoever looks at a file that is open sees that it only grows.
      await this.#writeTo(await fs.open(path, "a", 0o600), pieces);
    });
  }

  /** A file has its name when it is whole. */
  async #create(path: string, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#guard(path, async () => {
      await this.#writeTo(await fs.open(`${path}.new`, "w", 0o600), pieces);
      await fs.rename(`${path}.new`, path);
    });
  }

  async #writeTo(handle: fs.FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
    try {
      for (const piece of pieces) {
        for (let done = 0; done < piece.byteLength; ) {
          done += (await handle.write(piece, done, piece.byteLength - done)).bytesWritten;
        }
      }
    } finally {
      await handle.close();
    }
  }

  async #readPosition(): Promise<RecordPosition | undefined> {
    const path = join(this.#path, POSITION_FILE);
    let text: string;
    try {
      text = await fs.readFile(path, "utf8");
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw unusable(path, error);
    }
    return positionFromText(text, path);
  }

  async #removeAllBut(position: RecordPosition): Promise<void> {
    const kept = new Set([POSITION_FILE, ...Object.values(position.parts).map(({ file }) => file)]);
    await this.#guard(this.#path, async () => {
      for (const name of await fs.readdir(this.#path)) {
        if (!kept.has(name)) await fs.rm(join(this.#path, name), { force: true, recursive: true });
      }
    });
  }

  async #guard<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw error instanceof SpotproofError ? error : unusable(path, error);
    }
  }
}

function unusable(path: string, error: unknown): SpotproofError {
  const code = systemErrorCode(error) === "ENOSPC" ? "disk-full" : "folder-unusable";
  return new SpotproofError(code, `${path}: ${reasonOf(error)}.`, { cause: error });
}
