import type { ChunkHash } from "../format/chunk.ts";
import { FILE_CHUNKS, type FindCut } from "../format/chunker.ts";
import type { FileReadOutcome, FileReads, FileWrites } from "./file-batches.ts";

/** Files are read in pieces of this size. */
export const BLOCK_BYTES = 8 * 1024 * 1024;

/** Room of a block: for one chunk that began in the piece before, then a piece. */
export const BLOCK_ROOM_BYTES: number = FILE_CHUNKS.max + BLOCK_BYTES;

/** One is being read, one is cut, and the others are hashed or stored. */
export const USUAL_BLOCKS = 6;

/** So many packs, each of so many bytes, that a workshop should have memory for. */
export interface PackRoom {
  readonly count: number;
  /** A multiple of a page, 4 KiB. */
  readonly bytes: number;
}

/** Memory for content on its way, lent. */
export interface Block {
  readonly bytes: Buffer;
  /** Gives it back. Nothing may be using it any more. */
  release(): void;
  /** Gives it up for good, because something may still be writing into it; another one takes its place. */
  discard(): void;
}

/** A part of a block. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Copies bytes into a buffer. */
export type CopyBytes = (target: Buffer, at: number, source: Uint8Array) => void;

/** Where content is cut and hashed while a save or a restore is under way: on this thread, or in others beside it. */
export interface Workshop {
  /** Finds cuts in blocks of this workshop; undefined: as quickly as in any other bytes. */
  readonly findCut: FindCut | undefined;
  /** Memory for a pack, where this workshop has some that its own blocks are quickly copied to. */
  readonly packBuffer: (() => Buffer | undefined) | undefined;
  /** Copies bytes, wherever they lie. */
  readonly copy: CopyBytes;
  /** A block that nobody uses. Waits while all are lent; whoever waits for one must be sure that another is given back. */
  takeBlock(): Promise<Block>;
  /** The names of chunks that lie in a block, in their order. The block must stay as it is until this resolves. */
  hash(block: Block, spans: readonly Span[]): Promise<readonly ChunkHash[]>;
  /** Reads many small files, if this workshop has other threads for it. */
  readonly readFiles: ((block: Block, reads: FileReads) => Promise<readonly FileReadOutcome[]>) | undefined;
  /** Writes many small files, if it has; rejects with the system's error when one of them cannot be written. */
  readonly writeFiles: ((writes: FileWrites) => Promise<void>) | undefined;
  /**
   * Ends its threads. Calls that are under way reject. Only after a success of all that took place in it is its memory used
   * again: after a failure something may still be reading or writing it.
   */
  close(outcome: "success" | "failure"): void;
}
