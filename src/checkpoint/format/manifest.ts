import { createHash } from "node:crypto";
import {
  type CheckpointId,
  type JobName,
  type PackId,
  SpotproofError,
  idParts,
  isNumberPair,
} from "../../base/index.ts";
import type { SaveReason } from "../checkpoint.ts";
import { type ChunkRef, chunkRefFromJson, chunkRefToJson, isCount } from "./chunk.ts";
import { damaged } from "./damage.ts";

/** The highest version of manifests that this program reads. It writes 2 only for lists with inline bytes. */
export const MANIFEST_FORMAT = 2;

/** The file list: in the manifest itself when it is short, else in chunks. */
export type ListPlace =
  | { readonly kind: "inline"; readonly lines: readonly unknown[] }
  | { readonly kind: "chunks"; readonly chunks: readonly ChunkRef[] };

/** A file list on its way into a manifest; the lines as `entryToLine` makes them. */
export type WrittenList =
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | Extract<ListPlace, { kind: "chunks" }>;

/** A manifest before it is written. */
export type NewManifest = Omit<Manifest, "list"> & { readonly list: WrittenList };

/** What a manifest says. */
export interface Manifest {
  /** 2 when inline bytes stand in its list. */
  readonly format: 1 | 2;
  readonly job: JobName;
  readonly id: CheckpointId;
  readonly reason: SaveReason;
  /** Wall clock of the machine that saved, ISO 8601. For people. */
  readonly capturedAt: string;
  readonly note: Readonly<Record<string, unknown>>;
  /** How many files and links. */
  readonly files: number;
  /** Size of all files together, holes included. */
  readonly totalBytes: number;
  readonly list: ListPlace;
  /** Every pack that the checkpoint needs, with its exact size. */
  readonly packs: ReadonlyMap<PackId, number>;
}

/** The bytes of a manifest: one JSON object whose last member is the digest of everything before it. */
export function manifestToBytes(manifest: NewManifest): Buffer {
  const { attempt, sequence } = idParts(manifest.id);
  const head = JSON.stringify({
    format: manifest.format,
    job: manifest.job,
    attempt,
    sequence,
    reason: manifest.reason,
    capturedAt: manifest.capturedAt,
    note: manifest.note,
    files: manifest.files,
    totalBytes: manifest.totalBytes,
  }).slice(0, -1);
  const packs = Object.fromEntries([...manifest.packs].sort(([a], [b]) => (a < b ? -1 : 1)));
  const body = `${head},"list":${listText(manifest.list)},"packs":${JSON.stringify(packs)}`;
  return Buffer.from(`${body},"sha256":"${digest(body)}"}\n`);
}

function listText(list: WrittenList): string {
  if (list.kind === "chunks") return JSON.stringify({ chunks: list.chunks.map(chunkRefToJson) });
  return `{"lines":[${list.lines.map((line) => line.slice(0, -1)).join(",")}]}`;
}

/** `,"sha256":"` + 64 digits + `"}` + line feed: how every manifest ends, in every version. */
const TAIL_BYTES = 11 + 64 + 3;

/**
 * Reads a manifest.
 * @throws SpotproofError `checkpoint-damaged`; `store-newer` when a newer version wrote it (told apart by the digest).
 */
export function manifestFromBytes(bytes: Buffer, job: JobName, id: CheckpointId): Manifest {
  const body = bytes.subarray(0, Math.max(0, bytes.length - TAIL_BYTES));
  const tail = /^,"sha256":"([0-9a-f]{64})"\}\n$/.exec(bytes.toString("latin1", body.length));
  if (tail === null) throw damaged(`The manifest of ${id} is cut off or is no manifest.`);
  if (tail[1] !== digest(body)) throw damaged(`The manifest of ${id} does not match its digest.`);
  const object = parseObject(bytes, id);
  const format = object["format"];
  if (isCount(format) && format > MANIFEST_FORMAT) {
    throw new SpotproofError(
      "store-newer",
      `Checkpoint ${id} of job ${job} has the format ${format}; this program knows ${MANIFEST_FORMAT}.`,
    );
  }
  if (format !== 1 && format !== 2) throw damaged(`The manifest of ${id} has no valid format.`);
  return { format, ...readMembers(object, job, id) };
}

function readMembers(
  object: Readonly<Record<string, unknown>>,
  job: JobName,
  id: CheckpointId,
): Omit<Manifest, "format"> {
  const { attempt, sequence } = idParts(id);
  if (object["job"] !== job || object["attempt"] !== attempt || object["sequence"] !== sequence) {
    throw damaged(`The manifest of ${id} of job ${job} is that of another checkpoint.`);
  }
  const { reason, capturedAt, note, files, totalBytes } = object;
  if (
    typeof reason !== "string" ||
    typeof capturedAt !== "string" ||
    !isCount(files) ||
    !isCount(totalBytes)
  ) {
    throw damaged(`The manifest of ${id} lacks what it must say.`);
  }
  return {
    job,
    id,
    reason: reason as SaveReason,
    capturedAt,
    note: isRecord(note) ? note : {},
    files,
    totalBytes,
    list: readList(object["list"], id),
    packs: readPacks(object["packs"], id),
  };
}

function readList(value: unknown, id: CheckpointId): ListPlace {
  if (isRecord(value) && Array.isArray(value["lines"])) return { kind: "inline", lines: value["lines"] };
  if (isRecord(value) && Array.isArray(value["chunks"])) {
    return { kind: "chunks", chunks: value["chunks"].map(chunkRefFromJson) };
  }
  throw damaged(`The manifest of ${id} has no file list.`);
}

function readPacks(value: unknown, id: CheckpointId): ReadonlyMap<PackId, number> {
  if (!isRecord(value)) throw damaged(`The manifest of ${id} names no packs.`);
  const packs = new Map<PackId, number>();
  for (const [pack, sizeBytes] of Object.entries(value)) {
    if (!isNumberPair(pack) || !isCount(sizeBytes))
      throw damaged(`The manifest of ${id} names no valid packs.`);
    packs.set(pack as PackId, sizeBytes);
  }
  return packs;
}

function parseObject(bytes: Buffer, id: CheckpointId): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (isRecord(value)) return value;
  } catch (error) {
    throw damaged(`The manifest of ${id} is not JSON.`, error);
  }
  throw damaged(`The manifest of ${id} is not an object.`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function digest(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
