import fs from "node:fs/promises";
import { systemErrorCode } from "../../base/index.ts";

/** Gives a temporary file its final name unless that is taken. Of racing callers exactly one is told "created". */
export async function linkIfAbsent(temporary: string, path: string): Promise<"created" | "exists"> {
  try {
    await fs.link(temporary, path);
    return "created";
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    // NFS repeats a request whose answer was lost, and then finds the name taken by our own first request.
    return (await sameFile(temporary, path)) ? "created" : "exists";
  }
}

async function sameFile(temporary: string, path: string): Promise<boolean> {
  try {
    const [ours, theirs] = await Promise.all([
      fs.stat(temporary, { bigint: true }),
      fs.stat(path, { bigint: true }),
    ]);
    return ours.ino === theirs.ino && ours.dev === theirs.dev;
  } catch (error) {
    // The object was removed again meanwhile: it existed, and it was not ours.
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
