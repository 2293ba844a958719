import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { SpotproofError, systemErrorCode } from "../../../base/index.ts";

/** What the worker loads. */
export interface SqliteDriver {
  readonly kind: "node:sqlite" | "better-sqlite3";
  /** For `require`. */
  readonly module: string;
}

/** Whether this Node.js has SQLite built in: from 22.13 on, and from 22.5 with a flag. */
export const hasBuiltInSqlite: boolean = isBuiltin("node:sqlite");

/**
 * SQLite of this Node.js, or else `better-sqlite3`, from where Spotproof lies or from the folder in which it was started.
 * @throws SpotproofError `bad-usage` when there is neither
 */
export function findSqliteDriver(workingFolder: string, preferred?: SqliteDriver["kind"]): SqliteDriver {
  if (hasBuiltInSqlite && preferred !== "better-sqlite3")
    return { kind: "node:sqlite", module: "node:sqlite" };
  for (const from of [import.meta.url, join(workingFolder, "package.json")]) {
    try {
      return { kind: "better-sqlite3", module: createRequire(from).resolve("better-sqlite3") };
    } catch (error) {
      if (systemErrorCode(error) !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new SpotproofError(
    "bad-usage",
    `A store in SQLite needs Node.js 22.13 or newer, or the package "better-sqlite3"; this is Node.js ${process.version}. Run \`npm install better-sqlite3\` where Spotproof is installed, or in ${workingFolder}.`,
  );
}
