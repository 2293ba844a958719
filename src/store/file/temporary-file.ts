import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../base/index.ts";
import type { StoreBytes } from "../store.ts";
import { asStoreError } from "./file-errors.ts";
import { writeDirectly } from "./direct-write.ts";
import { TEMPORARY_FOLDER } from "./key-path.ts";

const NAME = /^spotproof-[0-9a-f]{32}\.tmp$/;
/** Far longer than any write takes: what is older belongs to a process that died. */
const LEFT_OVER_AFTER_MS = 24 * 3_600_000;
/** Linux takes at most 1024 pieces in one call. */
const PIECES_PER_WRITE = 512;

/** Of this process, and no other. */
const OWN_NAMES = randomBytes(10).toString("hex");
let lastName = 0;

/** A path in the temporary folder that nobody else has. */
export function temporaryPath(root: string): string {
  lastName += 1;
  return join(root, TEMPORARY_FOLDER, `spotproof-${OWN_NAMES}${lastName.toString(16).padStart(12, "0")}.tmp`);
}

/** Writes the bytes to a fresh temporary file and makes them durable. The file is gone again when that fails. */
export async function writeTemporary(path: string, bytes: StoreBytes, signal?: AbortSignal): Promise<void> {
  try {
    const handle = await fs.open(path, "wx");
    try {
      await writeAll(handle, bytes, await writeDirectly(path, bytes), signal);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") throw error;
    await discard(path);
    throw asStoreError(error, { doing: "writing", path });
  }
}

/** Writes the bytes behind the first `written`, which are there already. */
async function writeAll(
  handle: fs.FileHandle,
  bytes: StoreBytes,
  written: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let position = written;
  let pieces = without(bytes, written).filter((piece) => piece.byteLength > 0);
  while (pieces.length > 0) {
    signal?.throwIfAborted();
    const { bytesWritten } = await handle.writev(pieces.slice(0, PIECES_PER_WRITE), position);
    position += bytesWritten;
    pieces = without(pieces, bytesWritten);
  }
}

/** The pieces that are left after so many bytes of them were written. */
function without(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  let whole = 0;
  for (const piece of pieces) {
    if (piece.byteLength > left) break;
    left -= piece.byteLength;
    whole += 1;
  }
  const rest = pieces.slice(whole);
  const [first] = rest;
  if (left > 0 && first !== undefined) rest[0] = first.subarray(left);
  return rest;
}

/** Removes a temporary file. */
export async function discard(path: string): Promise<void> {
  // A file that stays costs room, not correctness, and the caller has a result or an error that matters more; sweep takes it.
  await fs.unlink(path).catch(() => undefined);
}

/**
 * Removes temporary files that were left by processes that died more than a day ago, and only those with a name that
 * Spotproof gives (C05). The age is measured against a file written now, so that only the file server's clock counts.
 * @returns how many were removed
 */
export async function sweepTemporary(root: string, signal?: AbortSignal): Promise<number> {
  const folder = join(root, TEMPORARY_FOLDER);
  try {
    const names = (await fs.readdir(folder)).filter((name) => NAME.test(name));
    if (names.length === 0) return 0;
    const probe = temporaryPath(root);
    await writeTemporary(probe, [], signal);
    const nowMs = (await fs.stat(probe)).mtimeMs;
    await discard(probe);
    const removed = await Promise.all(
      names.map((name) => removeWhenOld(join(folder, name), nowMs - LEFT_OVER_AFTER_MS)),
    );
    return removed.filter(Boolean).length;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return 0;
    throw asStoreError(error, { doing: "removing", path: folder });
  }
}

async function removeWhenOld(path: string, beforeMs: number): Promise<boolean> {
  try {
    if ((await fs.stat(path)).mtimeMs >= beforeMs) return false;
    await fs.unlink(path);
    return true;
  } catch (error) {
    // Its writer, or another sweep, was faster.
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
