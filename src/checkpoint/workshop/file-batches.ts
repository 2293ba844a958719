import type { Attributes } from "../format/file-list.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import type { FileStat } from "../save/scan.ts";

/** Small files to read, and where in a block their bytes go. */
export interface FileReads {
  /** The folder that the paths are relative to. */
  readonly folder: string;
  readonly files: readonly {
    readonly path: PathBytes;
    /** What it must still be after it was read. */
    readonly stat: FileStat;
    /** Where in the block it begins. */
    readonly at: number;
  }[];
}

/** `read`: its bytes are there and it is what it was. `changed`: it is not, or it is gone. Else what the system said. */
export type FileReadOutcome = "read" | "changed" | Error;

/** Small files to write that do not exist yet. */
export interface FileWrites {
  /** The folder that the paths are relative to. */
  readonly folder: string;
  readonly files: readonly (Pick<Attributes, "mode" | "uid" | "gid"> & {
    readonly path: PathBytes;
    /** All of it; in a block or anywhere else. */
    readonly content: Uint8Array;
    readonly mtimeSeconds: number;
  })[];
  /** Whether owners are set. */
  readonly isRoot: boolean;
  /** Whether each is brought to the disk. */
  readonly durable: boolean;
}
