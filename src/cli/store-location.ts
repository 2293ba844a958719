import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SpotproofError } from "../base/index.ts";
import type { FileStore } from "../store/index.ts";

/** Where `--store` points. */
export interface StoreLocation {
  readonly kind: "folder";
  /** Absolute. */
  readonly path: string;
}

/**
 * Reads the value of `--store`: a path, or a URL such as `file:///mnt/jobs`.
 * @throws SpotproofError `bad-usage` for another kind of store
 */
export function parseStoreLocation(text: string, workingFolder: string): StoreLocation {
  if (text === "")
    throw new SpotproofError("bad-usage", "--store is empty. Name a folder that outlives this machine.");
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "folder", path: resolve(workingFolder, text) };
  if (scheme !== "file") {
    throw new SpotproofError(
      "bad-usage",
      `--store ${text}: this version knows folders only (a path or file:///path), not "${scheme}:".`,
    );
  }
  try {
    return { kind: "folder", path: fileURLToPath(text) };
  } catch (error) {
    throw new SpotproofError(
      "bad-usage",
      `--store ${text} is not a usable file: URL. Write file:///absolute/path.`,
      { cause: error },
    );
  }
}

/** Opens the store; `read` never creates anything. */
export async function openStore(location: StoreLocation, mode: "read" | "write"): Promise<FileStore> {
  const { openFileStore } = await import("../store/index.ts");
  return openFileStore(location.path, { mode });
}
