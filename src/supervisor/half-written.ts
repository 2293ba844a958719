import { closeSync, constants, openSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import { systemErrorCode } from "../base/index.ts";
import type { FileSavedOpen } from "../checkpoint/index.ts";

// Which of the files that were open for writing during a save have been caught in the middle of a change (C01, C12).
//
// One that was saved whole before and has changed since, while it is open, and not only at its end, is such a file: the
// program rewrites it in place. Not meant are
//   - names that programs give to a file until it is whole, and rename afterwards;
//   - files of SQLite, which are made for being copied at one moment.

/** A file that a checkpoint holds in the middle of a change. */
export interface HalfWrittenFile {
  readonly path: string;
  readonly bytes: number;
  /** Its size when it was last saved whole. */
  readonly wholeBytes: number;
}

const UNTIL_RENAMED = /^\.|\.(new|tmp|temp|part|partial)$|~$/i;

/** Whether a file has a name that programs give to it until it is whole, and rename afterwards. */
export function isUntilRenamed(path: string): boolean {
  return UNTIL_RENAMED.test(basename(path));
}

const SQLITE_BESIDE = /-(wal|shm|journal)$/;
const SQLITE_MAGIC = "SQLite format 3\0";

/** Finds half-written files of one watched folder, each once. */
export class HalfWrittenFiles {
  readonly #folder: string;
  readonly #judged = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Those of a save that were not known yet. */
  find(saved: readonly FileSavedOpen[]): readonly HalfWrittenFile[] {
    return saved.flatMap(({ path, bytes, append, wholeBytes }) => {
      if (append || wholeBytes === undefined || this.#judged.has(path)) return [];
      this.#judged.add(path);
      if (isUntilRenamed(path) || this.#isOfSqlite(path)) return [];
      return [{ path, bytes, wholeBytes }];
    });
  }

  #isOfSqlite(path: string): boolean {
    return isSqlite(join(this.#folder, path.replace(SQLITE_BESIDE, "")));
  }
}

/** False when it cannot be read, for example because it is gone by now. */
function isSqlite(path: string): boolean {
  const magic = Buffer.alloc(SQLITE_MAGIC.length);
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(file, magic, 0, magic.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
  return magic.toString("latin1") === SQLITE_MAGIC;
}
