import fs from "node:fs/promises";
import { constants } from "node:fs";
import { dirname } from "node:path";
import { SpotproofError, reasonOf, systemErrorCode } from "../../../base/index.ts";
import { abortable } from "../../abortable.ts";
import type { OpenedStore } from "../../opened-store.ts";
import { openSqlStore } from "../open-sql-store.ts";
import { type SqliteDriver, findSqliteDriver } from "./compat.ts";
import { requireLocalDisk } from "./local-disk.ts";
import { SqliteExecutor } from "./sqlite-executor.ts";
import type { SqliteLocation } from "./sqlite-location.ts";

/** How long a writer waits for another. */
const BUSY_MS = 10_000;

/** How `openSqliteStore` opens. */
export interface SqliteStoreOptions {
  readonly location: SqliteLocation;
  /** `read` creates nothing: no file, no tables. */
  readonly mode: "read" | "write";
  /** Where the driver is looked for beside Spotproof's own place. Absolute. */
  readonly workingFolder: string;
  readonly signal?: AbortSignal | undefined;
  /** Default: the built-in SQLite where this Node.js has one. */
  readonly driver?: SqliteDriver["kind"] | undefined;
  /** What the user knows as the option that names the store, for messages. Default `--store`. */
  readonly called?: string | undefined;
  /** How long a writer waits for another, in ms. Default 10,000. */
  readonly busyMs?: number | undefined;
}

/**
 * Opens the store in a file of SQLite, making the file when it is absent. Its folder must exist.
 * @throws SpotproofError `bad-usage` when this Node.js has no SQLite, `store-unsuitable` on a network file system,
 * `record-damaged` when the file is something else or damaged, `store-unreachable`, `store-not-writable`, `store-full`,
 * `store-newer`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<OpenedStore> {
  const { location, signal, busyMs = BUSY_MS } = options;
  const driver = findSqliteDriver(options.workingFolder, options.driver);
  const mode = await abortable(signal, async () => {
    await requireLocalDisk(dirname(location.path), options.called);
    return accessTo(location.path, options.mode);
  });
  const executor = new SqliteExecutor({ driver, path: location.path, mode, busyMs });
  const opened = await openSqlStore(executor, {
    store: "",
    mode: options.mode,
    signal,
    caution: () =>
      Promise.resolve(
        `${location.path} is on a disk of this machine: another machine can go on only if the disk is moved there. Other processes on this machine may use it at the same time.`,
      ),
  });
  if (options.mode === "write") {
    await makeNameDurable(location.path).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
  }
  return opened;
}

/** How the file can be opened. @throws SpotproofError when it cannot */
async function accessTo(path: string, mode: "read" | "write"): Promise<"read" | "write" | "read-only"> {
  const status = await fs.stat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unreachable(path, error);
  });
  if (status === undefined) {
    if (mode === "read") throw new SpotproofError("store-unreachable", `There is no store at ${path} yet.`);
    await requireFolder(path);
    return mode;
  }
  if (!status.isFile()) {
    throw new SpotproofError(
      "bad-usage",
      `${path} is no file. Name the file of the database, not its folder.`,
    );
  }
  try {
    // SQLite keeps files beside the database, so its folder must be writable as well.
    await fs.access(path, constants.R_OK | constants.W_OK);
    await fs.access(dirname(path), constants.W_OK);
    return mode;
  } catch (error) {
    if (mode === "read") return readOnlyAccess(path);
    throw new SpotproofError("store-not-writable", `${path}: ${reasonOf(error)}.`, { cause: error });
  }
}

/** Only reading is allowed, and safe only where SQLite cannot leave files of this user's that lock out the owner. */
async function readOnlyAccess(path: string): Promise<"read-only"> {
  const mayAddFiles = await fs.access(dirname(path), constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!mayAddFiles) return "read-only";
  throw new SpotproofError(
    "store-not-writable",
    `This user may not write ${path}, but its folder: SQLite would leave files there that lock out the others. Run this as a user that may write both.`,
  );
}

async function requireFolder(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await fs.access(folder, constants.W_OK);
  } catch (error) {
    const isMissing = ["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "");
    throw isMissing
      ? new SpotproofError(
          "store-unreachable",
          `The folder ${folder} of the database does not exist. Make it first.`,
        )
      : new SpotproofError("store-not-writable", `${folder}: ${reasonOf(error)}.`, { cause: error });
  }
}

/**
 * SQLite syncs the folder of a new log, and so the names of both files; on a file system on which it does not, here it is.
 * @throws SpotproofError `store-unreachable`
 */
async function makeNameDurable(path: string): Promise<void> {
  try {
    const folder = await fs.open(dirname(path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw unreachable(path, error);
  }
}

function unreachable(path: string, error: unknown): SpotproofError {
  return new SpotproofError("store-unreachable", `${path}: ${reasonOf(error)}.`, { cause: error });
}
