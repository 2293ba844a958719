import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// Real files for examples to work on: those of this checkout and of the packages that it was installed with.

/** This checkout. */
export const CHECKOUT = dirname(createRequire(import.meta.url).resolve("spotproof/package.json"));

/** Which files are wanted. */
export interface RealFilesWish {
  /** Folders of the checkout, in the order in which they are looked through. */
  readonly folders: readonly string[];
  /** How the names end. */
  readonly endings: readonly string[];
  /** Larger ones are left out. */
  readonly mostBytes: number;
  /** No more than so many. */
  readonly count: number;
}

/** Paths relative to the checkout, the same ones in the same order each time. */
export function realFiles({ folders, endings, mostBytes, count }: RealFilesWish): readonly string[] {
  const found: string[] = [];
  const look = (folder: string): void => {
    for (const entry of readdirSync(join(CHECKOUT, folder), { withFileTypes: true }).sort(byName)) {
      if (found.length >= count) return;
      const path = `${folder}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) look(path);
      else if (endings.some((ending) => entry.name.endsWith(ending)) && hasAtMost(path, mostBytes))
        found.push(path);
    }
  };
  for (const folder of folders) look(folder);
  return found;
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}

function hasAtMost(path: string, bytes: number): boolean {
  return statSync(join(CHECKOUT, path)).size <= bytes;
}
