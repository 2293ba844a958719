import fs from "node:fs/promises";
import { systemErrorCode } from "../../base/index.ts";
import { isVanished } from "./folder-errors.ts";

/**
 * Removes a file or a folder with everything in it, links not followed; absent is fine. Works on names that are not
 * UTF-8 and on folders without write permission, which `fs.rm` does not.
 */
export async function removeTree(path: Buffer): Promise<void> {
  try {
    await fs.unlink(path);
    return;
  } catch (error) {
    if (isVanished(error)) return;
    // Linux answers EISDIR for a folder, POSIX asks for EPERM.
    if (!["EISDIR", "EPERM"].includes(systemErrorCode(error) ?? "")) throw error;
  }
  await removeFolder(path);
}

async function removeFolder(path: Buffer): Promise<void> {
  for (const name of await namesIn(path)) {
    await removeTree(Buffer.concat([path, Buffer.from("/"), name]));
  }
  await fs.rmdir(path);
}

async function namesIn(path: Buffer): Promise<readonly Buffer[]> {
  const isRoot = process.getuid?.() === 0;
  // Only its owner's own permissions can be in the way; root needs none.
  if (!isRoot) await fs.chmod(path, 0o700);
  return fs.readdir(path, "buffer");
}
