import fs, { type FileHandle } from "node:fs/promises";
import type { Attributes, FileEntry } from "../format/file-list.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import type { FolderPath } from "../save/folder-path.ts";

/** So many files are open at once at most, plus those that are being written at this moment. */
const MOST_OPEN = 128;

/** No system takes more pieces in one write than this (POSIX guarantees 16, Linux takes 1024). */
const MOST_PIECES = 512;

/** Bytes for one place of one file. */
export interface FilePiece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  users: number;
  /** Ends with the last write that was asked for, whatever became of it. */
  lastWrite: Promise<unknown>;
}

/** Writes the contents of many files in any order, and closes each with its attributes when its last piece is in. */
export class FileWriter {
  readonly #folder: FolderPath;
  readonly #durable: boolean;
  /** In the order of their last use. */
  readonly #open = new Map<FileEntry, OpenFile>();
  readonly #piecesLeft = new Map<FileEntry, number>();

  /** `durable` also brings each file to the disk before it counts as written. */
  constructor(folder: FolderPath, durable: boolean) {
    this.#folder = folder;
    this.#durable = durable;
  }

  /** Announces a file and the number of pieces that will come for it. A file without any is written at once. */
  async begin(entry: FileEntry, pieces: number): Promise<void> {
    this.#piecesLeft.set(entry, pieces);
    if (pieces === 0) await this.write(entry, []);
  }

  /**
   * Writes pieces that are in ascending order. One call at a time for each file: the system would have the others wait, each in a
   * thread that others need for reading.
   */
  async write(entry: FileEntry, pieces: readonly FilePiece[]): Promise<void> {
    const file = this.#use(entry);
    try {
      const handle = await file.handle;
      const writing = file.lastWrite.then(async () => {
        for (const run of contiguous(pieces)) await writeAll(handle, run.pieces, run.position);
      });
      file.lastWrite = writing.catch(() => undefined); // told to its own caller
      await writing;
      const left = (this.#piecesLeft.get(entry) ?? 0) - pieces.length;
      this.#piecesLeft.set(entry, left);
      if (left === 0) await this.#finish(entry, handle);
    } finally {
      file.users -= 1;
    }
    await this.#closeIdle();
  }

  /** Closes everything, finished or not. */
  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(files.map(async ({ handle }) => (await handle).close()));
  }

  #use(entry: FileEntry): OpenFile {
    const { O_WRONLY, O_CREAT, O_NOFOLLOW } = fs.constants;
    const file = this.#open.get(entry) ?? {
      handle: fs.open(this.#folder.of(entry.path), O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600),
      users: 0,
      lastWrite: Promise.resolve(),
    };
    file.users += 1;
    this.#open.delete(entry);
    this.#open.set(entry, file);
    return file;
  }

  async #finish(entry: FileEntry, handle: FileHandle): Promise<void> {
    if (entry.parts.some((part) => typeof part === "number")) await handle.truncate(entry.size);
    if (isRoot()) await handle.chown(entry.uid, entry.gid);
    await handle.chmod(entry.mode); // after chown, which takes the set-user-ID bit away
    await handle.utimes(seconds(entry.mtimeNs), seconds(entry.mtimeNs));
    if (this.#durable) await handle.sync();
    this.#open.delete(entry);
    this.#piecesLeft.delete(entry);
    await handle.close();
  }

  async #closeIdle(): Promise<void> {
    for (const [entry, file] of this.#open) {
      if (this.#open.size <= MOST_OPEN) return;
      if (file.users > 0) continue;
      this.#open.delete(entry);
      await (await file.handle).close();
    }
  }
}

/** Gives an entry that is no open file its owner, mode and time. */
export async function applyAttributes(
  folder: FolderPath,
  path: PathBytes,
  attributes: Attributes,
  isLink: boolean,
): Promise<void> {
  const absolute = folder.of(path);
  const { uid, gid, mode, mtimeNs } = attributes;
  if (isRoot()) await fs.lchown(absolute, uid, gid);
  if (!isLink) await fs.chmod(absolute, mode);
  await fs.lutimes(absolute, seconds(mtimeNs), seconds(mtimeNs));
}

/** Only root may give files away. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Node.js takes times as seconds and hands them on in microseconds, cut off: half of one keeps a fraction that binary
 * numbers cannot hold from becoming the microsecond before.
 */
export function seconds(timeNs: bigint): number {
  const microseconds = Number(timeNs / 1000n);
  return microseconds % 1_000_000 === 0 ? microseconds / 1e6 : (microseconds + 0.5) / 1e6;
}

interface Run {
  readonly position: number;
  readonly pieces: Uint8Array[];
}

function contiguous(pieces: readonly FilePiece[]): readonly Run[] {
  const runs: Run[] = [];
  let end = -1;
  for (const { position, bytes } of pieces) {
    const run = runs.at(-1);
    if (run !== undefined && position === end && run.pieces.length < MOST_PIECES) run.pieces.push(bytes);
    else runs.push({ position, pieces: [bytes] });
    end = position + bytes.length;
  }
  return runs;
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let left = [...pieces];
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left, at);
    at += bytesWritten;
    left = withoutFirst(left, bytesWritten);
  }
}

/** What is left of the pieces after so many bytes of them have been written. */
function withoutFirst(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  return pieces.flatMap((piece) => {
    const skipped = Math.min(skip, piece.length);
    skip -= skipped;
    return skipped === piece.length ? [] : [piece.subarray(skipped)];
  });
}
