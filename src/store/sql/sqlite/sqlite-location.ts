import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SpotproofError } from "../../../base/index.ts";

/** Where a store in SQLite is. */
export interface SqliteLocation {
  readonly kind: "sqlite";
  /** The file of the database. Absolute. */
  readonly path: string;
}

const FORMS = "Write sqlite:jobs.db, sqlite:/absolute/path.db or sqlite:///absolute/path.db.";

/**
 * Reads `sqlite:path`; a relative path begins in `workingFolder`. `called` is what the user knows this option as.
 * @throws SpotproofError `bad-usage`
 */
export function parseSqliteLocation(text: string, workingFolder: string, called = "--store"): SqliteLocation {
  const rest = /^sqlite:(.*)$/is.exec(text)?.[1];
  if (rest === undefined)
    throw new SpotproofError("bad-usage", `${called} ${text} names no SQLite file. ${FORMS}`);
  if (/^(\/\/)?\/?:memory:/.test(rest)) {
    throw new SpotproofError(
      "bad-usage",
      `${called} ${text}: a database in memory is gone with the process. ${FORMS}`,
    );
  }
  if (rest.includes("?")) throw meaningless(text, called);
  const path = rest.startsWith("//") ? pathOfUrl(text, rest, called) : rest;
  if (path === "" || path.endsWith("/") || path.includes("\0")) {
    throw new SpotproofError("bad-usage", `${called} ${text} names no file. ${FORMS}`);
  }
  return { kind: "sqlite", path: resolve(workingFolder, path) };
}

function pathOfUrl(text: string, rest: string, called: string): string {
  try {
    const url = new URL(`file:${rest}`);
    if (url.host === "" && url.search === "" && url.hash === "") return fileURLToPath(url);
  } catch (error) {
    throw new SpotproofError("bad-usage", `${called} ${text} is no usable URL. ${FORMS}`, { cause: error });
  }
  throw meaningless(text, called);
}

function meaningless(text: string, called: string): SpotproofError {
  return new SpotproofError(
    "bad-usage",
    `${called} ${text}: a host or parameters have no meaning here. ${FORMS}`,
  );
}
