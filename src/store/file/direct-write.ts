import fs from "node:fs/promises";
import { systemErrorCode } from "../../base/index.ts";
import type { StoreBytes } from "../store.ts";

/** What every disk takes: offset, length and place in memory must be multiples of its block, which is at most a page. */
const PAGE_BYTES = 4096;
/** Below this the way around the page cache is no gain. */
const WORTHWHILE_BYTES = 1024 * 1024;

/**
 * Writes as much of large bytes as it can past the page cache, from the beginning of the file; gives how much that was. A
 * checkpoint is written once and is not read again soon: copying it into the cache first, and waiting at the end until all
 * of it has left the cache, takes twice as long. 0 where it cannot be done: too little, bytes that do not begin at a page
 * of memory, or a file system (tmpfs, some network ones) that refuses it.
 * @throws the system's error, such as that of a full disk
 */
export async function writeDirectly(path: string, bytes: StoreBytes): Promise<number> {
  const [piece] = bytes;
  const { O_WRONLY, O_DIRECT } = fs.constants;
  if (O_DIRECT === undefined || bytes.length !== 1 || piece === undefined) return 0;
  if (piece.length < WORTHWHILE_BYTES || piece.byteOffset % PAGE_BYTES !== 0) return 0;
  const whole = piece.length - (piece.length % PAGE_BYTES);
  let written = 0;
  try {
    const handle = await fs.open(path, O_WRONLY | O_DIRECT);
    try {
      while (written < whole) {
        const { bytesWritten } = await handle.write(piece, written, whole - written, written);
        written += bytesWritten;
        if (bytesWritten % PAGE_BYTES !== 0) return written;
      }
    } finally {
      await handle.close();
    }
    return written;
  } catch (error) {
    if (systemErrorCode(error) === "EINVAL") return written;
    throw error;
  }
}
