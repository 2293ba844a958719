import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SpotproofError, VERSION, reasonOf, systemErrorCode } from "../base/index.ts";

// `python/spotproof.py` of this package, put beside a user's program. A first line is added by which a later version
// knows that nobody has changed the file since.

/** The name under which a Python program imports it. */
const FILE_NAME = "spotproof.py";

/** As far below the package's root from here as from the folders of the bundle. */
const PACKAGED = new URL(`../../python/${FILE_NAME}`, import.meta.url);

const FIRST_LINE =
  /^# Written by spotproof (\S+) \(npx spotproof init python\)\. SHA-256 of what follows this line: ([0-9a-f]{64})\n/;

/** What `installPythonClient` did. */
export interface InstalledClient {
  readonly path: string;
  readonly kind: "written" | "updated" | "replaced" | "up-to-date";
  /** The version that was there before; undefined when it was no file of ours, or none. */
  readonly earlierVersion: string | undefined;
}

/** What is there now. */
interface Found {
  readonly kind: "nothing" | "same" | "older" | "newer" | "foreign" | "changed" | "no-file" | "folder";
  readonly version?: string | undefined;
  readonly mode?: number | undefined;
}

/**
 * Writes `spotproof.py` into a folder, whole or not at all.
 * @param options.force replace a file that somebody has changed, that is not ours, or that is newer
 * @throws SpotproofError `file-in-the-way`, `bad-usage` when the folder cannot be written, `disk-full`
 */
export async function installPythonClient(
  folder: string,
  options: { readonly force: boolean },
): Promise<InstalledClient> {
  const path = join(folder, FILE_NAME);
  const content = stamped(await fs.readFile(fileURLToPath(PACKAGED), "utf8"));
  try {
    const found = await look(path, content);
    if (found.kind === "same") return { path, kind: "up-to-date", earlierVersion: found.version };
    const mayWrite = found.kind === "nothing" || found.kind === "older";
    if (!mayWrite && (!options.force || found.kind === "folder")) throw inTheWay(path, found);
    await put(folder, path, content, found.mode);
    const kind = found.kind === "nothing" ? "written" : found.kind === "older" ? "updated" : "replaced";
    return { path, kind, earlierVersion: found.version };
  } catch (error) {
    throw withWords(error, path);
  }
}

function stamped(text: string): string {
  return `# Written by spotproof ${VERSION} (npx spotproof init python). SHA-256 of what follows this line: ${hashOf(text)}\n${text}`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function look(path: string, content: string): Promise<Found> {
  const status = await statusOf(path);
  if (status === undefined) return { kind: "nothing" };
  if (status.isDirectory()) return { kind: "folder" };
  if (!status.isFile()) return { kind: "no-file" };
  const mode = status.mode & 0o777;
  // A checkout may have changed the ends of lines, and nothing else.
  const text = (await fs.readFile(path, "utf8")).replaceAll("\r\n", "\n");
  if (text === content) return { kind: "same", version: VERSION, mode };
  const [line, version, hash] = FIRST_LINE.exec(text) ?? [];
  if (line === undefined || version === undefined) return { kind: "foreign", mode };
  if (hashOf(text.slice(line.length)) !== hash) return { kind: "changed", version, mode };
  return { kind: isLater(version, VERSION) ? "newer" : "older", version, mode };
}

async function statusOf(path: string) {
  try {
    return await fs.lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Compares the numbers of two versions. */
function isLater(one: string, other: string): boolean {
  const [ones, others] = [one, other].map((version) => version.split(/[.+-]/).map(Number));
  for (const [at, number] of (ones ?? []).entries()) {
    const against = others?.[at] ?? 0;
    if (number !== against) return number > against;
  }
  return false;
}

async function put(folder: string, path: string, content: string, mode = 0o644): Promise<void> {
  const fresh = join(folder, `.${FILE_NAME}.${randomBytes(6).toString("hex")}.new`);
  try {
    const file = await fs.open(fresh, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(fresh, path);
  } catch (error) {
    await fs.rm(fresh, { force: true });
    throw error;
  }
  const directory = await fs.open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const IN_THE_WAY: Readonly<Record<string, (version: string | undefined) => string>> = {
  newer: (version) => `was written by a newer spotproof (${version}; this one is ${VERSION})`,
  changed: (version) => `was written by spotproof ${version} and has been changed since`,
  foreign: () => "was not written by `spotproof init`",
  folder: () => "is a folder",
  "no-file": () => "is no regular file",
};

function inTheWay(path: string, { kind, version }: Found): SpotproofError {
  return new SpotproofError(
    "file-in-the-way",
    `${path} ${IN_THE_WAY[kind]?.(version) ?? kind}. Nothing was written.`,
  );
}

function withWords(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (error instanceof SpotproofError || code === undefined) return error;
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new SpotproofError(
    isFull ? "disk-full" : "bad-usage",
    `${path} cannot be written: ${reasonOf(error)}.`,
    {
      cause: error,
    },
  );
}
