import {
  type ContentPart,
  MOST_INLINE_BYTES,
  isCount,
  isInline,
  partBytes,
  partFromJson,
  partToJson,
  partToText,
} from "./chunk.ts";
import { damaged } from "./damage.ts";
import {
  type PathBytes,
  parentPath,
  pathForPeople,
  pathFromMember,
  pathMember,
  refuseUnsafePath,
} from "./path-bytes.ts";

/** What every entry but a hard link says of itself. */
export interface Attributes {
  /** Permission bits, set-user-ID, set-group-ID and sticky included: `mode & 0o7777`. */
  readonly mode: number;
  /** Time of the last change of content, in ns since 1970. */
  readonly mtimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
}

/** A file with its content. */
export interface FileEntry extends Attributes {
  readonly type: "file";
  readonly path: PathBytes;
  readonly size: number;
  /** Whether the file took less room than its size: a restore leaves its holes out. */
  readonly sparse: boolean;
  readonly parts: readonly ContentPart[];
}

/** A folder. The path of the checkpoint folder itself is empty. */
export interface DirectoryEntry extends Attributes {
  readonly type: "directory";
  readonly path: PathBytes;
}

/** A symbolic link, with the bytes that it holds. */
export interface SymlinkEntry extends Attributes {
  readonly type: "symlink";
  readonly path: PathBytes;
  readonly target: PathBytes;
}

/** Another name of a file that stands earlier in the list. */
export interface HardlinkEntry {
  readonly type: "hardlink";
  readonly path: PathBytes;
  /** The path of that file in the list. */
  readonly target: PathBytes;
}

/** One line of the file list. */
export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry;

/** An entry as a JSON object; its members always stand in the same order. */
export function entryToObject(entry: Entry): Readonly<Record<string, unknown>> {
  const path = pathMember("path", entry.path);
  if (entry.type === "hardlink") return { ...path, type: "hardlink", ...pathMember("target", entry.target) };
  const { type, mode, mtimeNs, uid, gid } = entry;
  const common = { ...path, type, mode, mtimeNs: String(mtimeNs), uid, gid };
  if (type === "directory") return common;
  if (type === "symlink") return { ...common, ...pathMember("target", entry.target) };
  const parts = entry.parts.map(partToJson);
  const sparse = entry.sparse ? { sparse: true } : {};
  return { ...common, size: entry.size, ...sparse, parts };
}

/** A line of the list: what `JSON.stringify` makes of the entry's object, and a line feed. Files take a shorter way to it. */
export function entryToLine(entry: Entry): string {
  if (entry.type !== "file") return `${JSON.stringify(entryToObject(entry))}\n`;
  const { mode, mtimeNs, uid, gid, size } = entry;
  const path = JSON.stringify(pathMember("path", entry.path)).slice(1, -1);
  const sparse = entry.sparse ? ',"sparse":true' : "";
  const parts = entry.parts.map(partToText).join(",");
  return `{${path},"type":"file","mode":${mode},"mtimeNs":"${mtimeNs}","uid":${uid},"gid":${gid},"size":${size}${sparse},"parts":[${parts}]}\n`;
}

/** @throws SpotproofError `checkpoint-damaged` when the value is no entry. */
export function entryFromObject(value: unknown): Entry {
  if (typeof value !== "object" || value === null) throw damaged("A line of the file list is not an object.");
  const object = value as Readonly<Record<string, unknown>>;
  const path = pathFromMember("path", object);
  refuseUnsafePath(path);
  if (object["type"] === "hardlink") {
    const target = pathFromMember("target", object);
    refuseUnsafePath(target);
    return { type: "hardlink", path, target };
  }
  const attributes = readAttributes(path, object);
  switch (object["type"]) {
    case "directory":
      return { type: "directory", path, ...attributes };
    case "symlink":
      return { type: "symlink", path, ...attributes, target: pathFromMember("target", object) };
    case "file":
      return { type: "file", path, ...attributes, ...readContent(path, object) };
    default:
      throw damaged(`The entry "${pathForPeople(path)}" has an unknown type.`);
  }
}

function readAttributes(path: PathBytes, object: Readonly<Record<string, unknown>>): Attributes {
  const { mode, mtimeNs, uid, gid } = object;
  const valid =
    isCount(mode) &&
    mode <= 0o7777 &&
    isCount(uid) &&
    isCount(gid) &&
    typeof mtimeNs === "string" &&
    /^-?\d{1,20}$/.test(mtimeNs);
  if (!valid) throw damaged(`The entry "${pathForPeople(path)}" has impossible attributes.`);
  return { mode, mtimeNs: BigInt(mtimeNs), uid, gid };
}

function readContent(
  path: PathBytes,
  object: Readonly<Record<string, unknown>>,
): Pick<FileEntry, "size" | "sparse" | "parts"> {
  const { size, sparse, parts } = object;
  if (!isCount(size) || !Array.isArray(parts)) {
    throw damaged(`The file "${pathForPeople(path)}" has no size or no content.`);
  }
  const read = parts.map(partFromJson);
  if (partsBytes(read) !== size) {
    throw damaged(`The parts of the file "${pathForPeople(path)}" do not add up to its size.`);
  }
  return { size, sparse: sparse === true, parts: read };
}

/** The length of a content, holes included. */
export function partsBytes(parts: readonly ContentPart[]): number {
  return parts.reduce((sum: number, part) => sum + partBytes(part), 0);
}

/** How much of the content of an entry stands in the list itself. */
export function inlineBytes(entry: Entry): number {
  if (entry.type !== "file") return 0;
  return entry.parts.reduce((sum: number, part) => sum + (isInline(part) ? part.inline.length : 0), 0);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw damaged("A line of the file list is not JSON.", error);
  }
}

/** Reads a file list entry by entry or as a stream of lines, and checks what concerns more than one entry. */
export class FileListReader {
  readonly entries: Entry[] = [];
  readonly #types = new Map<PathBytes, Entry["type"]>();
  /** The pieces of a line that has not ended yet: a large file's line is longer than a chunk of the list. */
  #open: Uint8Array[] = [];
  readonly #mostInlineBytes: number;
  #inlineBytes = 0;

  /** `format` is that of the manifest. */
  constructor(format: 1 | 2) {
    this.#mostInlineBytes = format === 1 ? 0 : MOST_INLINE_BYTES;
  }

  /** @throws SpotproofError `checkpoint-damaged` */
  push(piece: Buffer): void {
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      const line = Buffer.concat([...this.#open, piece.subarray(start, end)]);
      this.#open = [];
      this.add(parseLine(line.toString("utf8")));
      start = end + 1;
    }
    if (start < piece.length) this.#open.push(piece.subarray(start));
  }

  /** @throws SpotproofError `checkpoint-damaged` when the list breaks off. */
  finish(): readonly Entry[] {
    if (this.#open.length > 0) throw damaged("The file list breaks off.");
    if (this.#types.get("") !== "directory") throw damaged("The file list does not begin with the folder.");
    return this.entries;
  }

  /** @throws SpotproofError `checkpoint-damaged` when the value is no entry, or stands at the wrong place. */
  add(value: unknown): void {
    const entry = entryFromObject(value);
    const { path } = entry;
    const last = this.entries.at(-1);
    const shown = pathForPeople(path);
    if (last !== undefined && path <= last.path) throw damaged(`"${shown}" stands at the wrong place.`);
    if (path !== "" && this.#types.get(parentPath(path)) !== "directory") {
      throw damaged(`"${shown}" lies in a folder that is not in the list.`);
    }
    if (entry.type === "hardlink" && this.#types.get(entry.target) !== "file") {
      throw damaged(`The hard link "${shown}" names no file.`);
    }
    this.#inlineBytes += inlineBytes(entry);
    if (this.#inlineBytes > this.#mostInlineBytes)
      throw damaged(`"${shown}" has more inline bytes than allowed.`);
    this.#types.set(path, entry.type);
    this.entries.push(entry);
  }
}
