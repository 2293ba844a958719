import { type ErrorCode, SpotproofError } from "../../../base/index.ts";

// What SQLite says (https://www.sqlite.org/rescode.html).

/** A failure in the worker, as it travels to this thread. */
export interface SqliteFailure {
  readonly message: string;
  /** The extended result code by name, as better-sqlite3 tells it, or an error code of Node's. */
  readonly code: string | undefined;
  /** The extended result code by number, as node:sqlite tells it. */
  readonly number: number | undefined;
}

const NAMES: Readonly<Record<number, string>> = {
  1: "SQLITE_ERROR",
  3: "SQLITE_PERM",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

/** There was no room for the file that the processes share: as full as SQLITE_FULL. */
const NO_ROOM_TO_SHARE = { name: "SQLITE_IOERR_SHMSIZE", number: 4874 };

const CODES: Readonly<Record<string, ErrorCode>> = {
  SQLITE_ERROR: "internal",
  SQLITE_PERM: "store-not-writable",
  SQLITE_READONLY: "store-not-writable",
  SQLITE_FULL: "store-full",
  SQLITE_CORRUPT: "record-damaged",
  SQLITE_NOTADB: "record-damaged",
};

const NEEDS_FOLDER =
  " SQLite needs the right to write the file and its folder, even to read while nobody else has it open.";

const HINTS: Readonly<Record<string, string>> = {
  SQLITE_BUSY:
    " Another process has been writing to it all the time, or stands still in the middle of a write.",
  SQLITE_CANTOPEN: NEEDS_FOLDER,
  SQLITE_READONLY: NEEDS_FOLDER,
  SQLITE_NOTADB: " The file is something else than a database; nothing was changed.",
};

/** What a failure means for the store; what is unknown may pass. */
export function asSqliteError(failure: SqliteFailure, description: string): SpotproofError {
  const name = primaryName(failure);
  const hint = name === undefined ? "" : (HINTS[name] ?? "");
  return new SpotproofError(
    (name === undefined ? undefined : CODES[name]) ?? "store-unreachable",
    `${description}: ${failure.message.replace(/\.$/, "")}.${hint}`,
  );
}

function primaryName({ code, number }: SqliteFailure): string | undefined {
  if (code === NO_ROOM_TO_SHARE.name || number === NO_ROOM_TO_SHARE.number) return "SQLITE_FULL";
  if (number !== undefined) return NAMES[number & 255];
  return /^SQLITE_[A-Z]+/.exec(code ?? "")?.[0];
}
