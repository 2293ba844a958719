import type { FileSavedOpen, PausedCommand } from "../checkpoint.ts";
import { type PathBytes, pathForPeople } from "../format/path-bytes.ts";
import type { FolderPath } from "./folder-path.ts";
import type { SaverIndex } from "./saver-index.ts";
import { type FileStat, type Scan, sameState } from "./scan.ts";

/**
 * What files were when they were last saved with nobody writing them. The index cannot tell: it holds what was read last,
 * torn or not. What was restored does not count, since nobody knows whether it was whole.
 */
export class WholeFiles {
  readonly #index: SaverIndex;
  /** Files of which the index may hold something torn, with what they were before, if that is known. */
  readonly #unsure = new Map<PathBytes, FileStat | undefined>();
  #hasSaved = false;

  constructor(index: SaverIndex) {
    this.#index = index;
  }

  /** Call it before a file is read that may be in the middle of a change. */
  keep(path: PathBytes): void {
    if (this.#unsure.has(path)) return;
    this.#unsure.set(path, this.#hasSaved ? this.#index.files.get(path)?.stat : undefined);
  }

  /** The files of a scan that the paused command holds open for writing. Call it before they are read into the index. */
  open(scan: Scan, folder: FolderPath, paused: PausedCommand): readonly FileSavedOpen[] {
    const appends = new Map<PathBytes, boolean>();
    for (const { path, append } of paused.openForWriting ?? []) {
      if (!path.startsWith(`${folder.path}/`)) continue;
      appends.set(Buffer.from(path.slice(folder.path.length + 1)).toString("latin1"), append);
    }
    if (appends.size === 0) return [];
    return scan.entries.flatMap(({ kind, path, stat }) => {
      const append = appends.get(path);
      if (append === undefined || kind !== "file") return [];
      this.keep(path);
      const whole = this.#unsure.get(path);
      const changed = whole !== undefined && !sameState(whole, stat);
      const known = changed ? { wholeBytes: whole.size } : {};
      return [{ path: pathForPeople(path), bytes: stat.size, append, ...known }];
    });
  }

  /** A checkpoint was committed: all of its files are whole but those that were open. */
  saved(open: readonly FileSavedOpen[]): void {
    this.#hasSaved = true;
    const stillOpen = new Set(open.map(({ path }) => path));
    for (const path of this.#unsure.keys()) {
      if (!stillOpen.has(pathForPeople(path))) this.#unsure.delete(path);
    }
  }
}
