import { availableParallelism } from "node:os";
import { SpotproofError } from "../../base/index.ts";
import { type ChunkHash, chunkHash } from "../format/chunk.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { isVanished } from "../save/folder-errors.ts";
import { BlockPool } from "./block-pool.ts";
import { Crew } from "./crew.ts";
import type { FileReadOutcome, FileReads, FileWrites } from "./file-batches.ts";
import type { WorkerAnswer } from "./worker-program.ts";
import type { Block, Span, Workshop } from "./workshop.ts";
import { MemoryKeeper } from "./workshop-memory.ts";

/** More would take processors from the command; two keep up with what most disks and networks take. */
const MOST_WORKERS = 2;

/**
 * A workshop with threads of its own over shared memory. They live as long as it is open; the memory goes back to its keeper
 * after a success.
 * @throws whatever keeps this system from starting them
 */
export function openWorkerWorkshop(keeper: MemoryKeeper = new MemoryKeeper()): Workshop {
  const memory = keeper.take();
  const { findCut, copy } = memory;
  const packs = [...memory.packs];
  const pool = new BlockPool(memory.blocks);
  const crew = new Crew(memory.buffer, Math.min(MOST_WORKERS, availableParallelism()));
  return {
    findCut,
    copy,
    packBuffer: () => packs.pop(),
    takeBlock: () => pool.take(),
    hash: (block, spans) => hashIn(crew, block, spans),
    readFiles: (block, reads) => readIn(crew, block, reads),
    writeFiles: (writes) => writeFrom(crew, writes),
    close: (outcome) => {
      crew.close();
      if (outcome === "success" && pool.isWhole) keeper.keep(memory);
    },
  };
}

async function hashIn(crew: Crew, { bytes }: Block, spans: readonly Span[]): Promise<readonly ChunkHash[]> {
  if (bytes.buffer !== crew.buffer)
    return spans.map(({ start, end }) => chunkHash(bytes.subarray(start, end)));
  const addresses = new Uint32Array(spans.length * 2);
  for (const [at, { start, end }] of spans.entries()) {
    addresses[at * 2] = bytes.byteOffset + start;
    addresses[at * 2 + 1] = bytes.byteOffset + end;
  }
  const { hashes } = await crew.give({ kind: "hash", spans: addresses });
  if (hashes === undefined) throw unanswered();
  const all = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.length);
  return spans.map((_, at) => all.toString("hex", at * 32, at * 32 + 32));
}

async function readIn(
  crew: Crew,
  { bytes }: Block,
  { folder, files }: FileReads,
): Promise<readonly FileReadOutcome[]> {
  const places = new Uint32Array(files.length * 2);
  const stats = new BigUint64Array(files.length * 5);
  for (const [number, { stat, at }] of files.entries()) {
    places.set([bytes.byteOffset + at, stat.size], number * 2);
    stats.set([BigInt(stat.size), stat.mtimeNs, stat.ctimeNs, stat.ino, stat.dev], number * 5);
  }
  const answer = await crew.give({ kind: "read", ...pathsIn(folder, files), places, stats });
  const failures = failuresIn(answer);
  return files.map((_, file): FileReadOutcome => {
    const error = failures.get(file);
    if (error === undefined) return answer.outcomes?.[file] === 0 ? "read" : "changed";
    return isVanished(error) ? "changed" : error;
  });
}

async function writeFrom(crew: Crew, { folder, files, isRoot, durable }: FileWrites): Promise<void> {
  const places = new Uint32Array(files.length * 2);
  const attributes = new Float64Array(files.length * 4);
  const contents = new Map<number, Uint8Array>();
  for (const [number, { content, mode, uid, gid, mtimeSeconds }] of files.entries()) {
    // Content that does not lie in the shared memory, such as what was decompressed, is copied to the worker.
    if (content.buffer === crew.buffer) places.set([content.byteOffset, content.length], number * 2);
    else contents.set(number, new Uint8Array(content));
    attributes.set([mode, uid, gid, mtimeSeconds], number * 4);
  }
  const names = pathsIn(folder, files);
  const answer = await crew.give({ kind: "write", ...names, places, contents, attributes, isRoot, durable });
  for (const error of failuresIn(answer).values()) throw error;
}

function pathsIn(
  folder: string,
  files: readonly { readonly path: PathBytes }[],
): { readonly folder: string; readonly paths: string } {
  return {
    folder: `${Buffer.from(folder).toString("latin1")}/`,
    paths: files.map(({ path }) => path).join("\0"),
  };
}

/** The errors of the system in an answer, by the numbers of their files. */
function failuresIn({ outcomes, errors = [] }: WorkerAnswer): ReadonlyMap<number, Error> {
  if (outcomes === undefined) throw unanswered();
  return new Map(
    errors.map(({ file, message, ...system }) => [file, Object.assign(new Error(message), system)]),
  );
}

const unanswered = (): SpotproofError =>
  new SpotproofError("internal", "A worker has answered something else than it was asked.");
