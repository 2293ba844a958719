import type { ContentPart } from "../format/chunk.ts";
import type { ContentStorer } from "./content-storer.ts";
import type { FolderPath } from "./folder-path.ts";
import type { SaverIndex } from "./saver-index.ts";
import type { ScannedEntry } from "./scan.ts";

/** A file as a scan found it. */
export type ScannedFile = Extract<ScannedEntry, { kind: "file" }>;

/** What reading the files of one folder takes. */
export interface FileReading {
  readonly folder: FolderPath;
  readonly index: SaverIndex;
  readonly storer: ContentStorer;
  readonly signal: AbortSignal | undefined;
  /** Buffers for small files, used again and again. */
  readonly smallBuffers: Buffer[];
}

/** Puts down what was read of a file. */
export function rememberFile(
  index: SaverIndex,
  file: ScannedFile,
  parts: readonly ContentPart[],
  trusted: boolean,
): void {
  const { path, stat } = file;
  index.files.set(path, { stat, parts, listedMtimeNs: stat.mtimeNs, sparse: stat.sparse, trusted });
}
