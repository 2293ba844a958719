import type { FileEntry } from "../format/file-list.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { SaverIndex } from "./saver-index.ts";

/** What a saver of contents knows: chunks that it may refer to, and the files of the last checkpoint. */
export class ContentsIndex {
  readonly chunks: SaverIndex;
  /** Of the last save that was acknowledged, or of the restored checkpoint. */
  files: ReadonlyMap<PathBytes, FileEntry>;

  constructor(chunks: SaverIndex = new SaverIndex(), files: ReadonlyMap<PathBytes, FileEntry> = new Map()) {
    this.chunks = chunks;
    this.files = files;
  }
}
