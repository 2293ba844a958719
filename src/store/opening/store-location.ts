import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SpotproofError } from "../../base/index.ts";
import { parseSqliteLocation } from "../sql/sqlite/sqlite-location.ts";

/** Where a store is. What is behind the scheme of a URL is read by the store itself, when it is opened. */
export type StoreLocation =
  /** `folder` is absolute. */
  | { readonly kind: "folder"; readonly folder: string }
  | SqliteFile
  | RemoteLocation<"s3">
  | RemoteLocation<"dynamodb">
  | RemoteLocation<"postgres">;

/** A store in a file of SQLite. */
interface SqliteFile {
  readonly kind: "sqlite";
  readonly url: string;
  /** Absolute. */
  readonly file: string;
  /** Absolute: its driver is looked for from there. */
  readonly workingFolder: string;
  /** What the option is called in which the user has named the store, for messages. */
  readonly called: string;
}

/** A store that is reached over a network. The URL of a database may hold a password: it is never shown. */
export interface RemoteLocation<Kind extends string> {
  readonly kind: Kind;
  readonly url: string;
  /** Absolute: drivers that are not bundled are looked for from there. */
  readonly workingFolder: string;
}

const KIND_OF_SCHEME: Readonly<Record<string, StoreLocation["kind"]>> = {
  file: "folder",
  s3: "s3",
  dynamodb: "dynamodb",
  sqlite: "sqlite",
  postgres: "postgres",
  postgresql: "postgres",
};

/** One of each kind, for messages. */
const EXAMPLES = [
  "/mnt/efs/jobs or file:///mnt/efs/jobs",
  "s3://bucket/prefix",
  "dynamodb://table/prefix",
  "sqlite:/mnt/ebs/jobs.db",
  "postgres://user@host/database",
];

/**
 * Reads how a user names a store: a path, or a URL. `called` is what the option is called in which it was named, such as
 * `--store`: messages begin with it.
 * @throws SpotproofError `bad-usage` for another kind of store; it never repeats what may be a password
 */
export function parseStoreLocation(text: string, workingFolder: string, called: string): StoreLocation {
  if (text === "")
    throw new SpotproofError(
      "bad-usage",
      `${called} is empty. Name a place that outlives this machine: ${EXAMPLES.join(", ")}.`,
    );
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "folder", folder: resolve(workingFolder, text) };
  const kind = KIND_OF_SCHEME[scheme];
  if (kind === undefined) {
    throw new SpotproofError(
      "bad-usage",
      `${called}: there are no stores of the kind "${scheme}:". There are: ${EXAMPLES.join(", ")}. A folder with such a name is written ./${scheme}:…`,
    );
  }
  switch (kind) {
    case "folder":
      return { kind, folder: folderOfUrl(text, called) };
    case "sqlite":
      return {
        kind,
        url: text,
        file: parseSqliteLocation(text, workingFolder, called).path,
        workingFolder,
        called,
      };
    case "s3":
    case "dynamodb":
    case "postgres":
      return { kind, url: text, workingFolder };
    default:
      return kind satisfies never;
  }
}

/** The path of what a store keeps in a file system of this machine; undefined for one that is elsewhere. */
export function pathOnDisk(location: StoreLocation): string | undefined {
  if (location.kind === "folder") return location.folder;
  return location.kind === "sqlite" ? location.file : undefined;
}

function folderOfUrl(text: string, called: string): string {
  try {
    const { search, hash } = new URL(text);
    // What is not absolute would silently become so, and parameters would be dropped.
    if (/^file:\//i.test(text) && search === "" && hash === "") return fileURLToPath(text);
  } catch (error) {
    throw unusableFileUrl(text, called, error);
  }
  throw unusableFileUrl(text, called);
}

function unusableFileUrl(text: string, called: string, cause?: unknown): SpotproofError {
  return new SpotproofError(
    "bad-usage",
    `${called} ${text} is not a usable file: URL. Write file:///absolute/path.`,
    { cause },
  );
}

/** The location for people, without what may be a password. */
export function describeLocation(location: StoreLocation): string {
  switch (location.kind) {
    case "folder":
      return `folder ${location.folder}`;
    case "sqlite":
      return `SQLite ${location.file}`;
    case "s3":
    case "dynamodb":
      return location.url.replace(/\?.*$/s, "");
    case "postgres":
      return location.url.replace(/\?.*$/s, "").replace(/\/\/[^/]*@/, "//");
    default:
      return location satisfies never;
  }
}
