import { availableParallelism } from "node:os";
import { SpotproofError } from "../../base/index.ts";
import type { ChunkHash } from "../format/chunk.ts";
import { GEAR_BYTES, findCutIn } from "../format/find-cut-wasm.ts";
import { wasmMemory } from "../format/wasm.ts";
import { BlockPool } from "./block-pool.ts";
import { Crew } from "./crew.ts";
import type { FileReadOutcome, FileReads } from "./file-reads.ts";
import { BLOCK_ROOM_BYTES, type Block, type Span, type Workshop } from "./workshop.ts";

/** More would take processors from the command; two keep up with what most disks and networks take. */
const MOST_WORKERS = 2;
/** One is being read, one is cut, two are hashed or stored. */
const BLOCKS = 4;

/**
 * A workshop with threads of its own over shared memory. They live as long as it is open.
 * @throws whatever keeps this system from starting them
 */
export function openWorkerWorkshop(): Workshop {
  const memory = wasmMemory(GEAR_BYTES + BLOCKS * BLOCK_ROOM_BYTES, true);
  const findCut = findCutIn(memory);
  const room = (number: number): Buffer =>
    Buffer.from(memory.buffer, GEAR_BYTES + number * BLOCK_ROOM_BYTES, BLOCK_ROOM_BYTES);
  const pool = new BlockPool(BLOCKS, room);
  const crew = new Crew(memory.buffer, Math.min(MOST_WORKERS, availableParallelism()));
  return {
    findCut,
    takeBlock: () => pool.take(),
    hash: (block, spans) => hashIn(crew, block, spans),
    readFiles: (block, reads) => readIn(crew, block, reads),
    close: () => crew.close(),
  };
}

async function hashIn(crew: Crew, { bytes }: Block, spans: readonly Span[]): Promise<readonly ChunkHash[]> {
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
  const { outcomes, errors = [] } = await crew.give({
    kind: "read",
    folder: `${Buffer.from(folder).toString("latin1")}/`,
    paths: files.map(({ path }) => path).join("\0"),
    places,
    stats,
  });
  if (outcomes === undefined) throw unanswered();
  const failures = new Map(
    errors.map(({ file, message, ...system }) => [file, Object.assign(new Error(message), system)]),
  );
  return files.map((_, file) => failures.get(file) ?? (outcomes[file] === 0 ? "read" : "changed"));
}

const unanswered = (): SpotproofError =>
  new SpotproofError("internal", "A worker has answered something else than it was asked.");
