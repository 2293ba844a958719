import { SpotproofError } from "../../base/index.ts";
import { eachAtATime } from "../each-at-a-time.ts";
import type { Contents } from "../contents.ts";
import { type ChunkRef, type ContentPart, isChunk, isInline, partBytes } from "../format/chunk.ts";
import { ChunksByPack } from "../format/chunks-by-pack.ts";
import type { Entry, FileEntry } from "../format/file-list.ts";
import { type PathBytes, pathForPeople } from "../format/path-bytes.ts";
import { openWorkshop } from "../workshop/open-workshop.ts";
import { MemoryKeeper } from "../workshop/workshop-memory.ts";
import { USUAL_BLOCKS, type Workshop } from "../workshop/workshop.ts";
import { type CheckpointSource, type ChunkRun, planRuns, readRun, runsInOrder } from "./read-checkpoint.ts";

/** So many reads of a stream, of up to 8 MiB, are under way or wait to be used. */
const READS_AHEAD = 3;
/** A hole in a stream comes in pieces of this length. */
const ZEROS_BYTES = 1024 * 1024;

/** The files of a checkpoint by their paths; a hard link is the file that it names. */
export function filesByPath(entries: readonly Entry[]): ReadonlyMap<PathBytes, FileEntry> {
  const files = new Map<PathBytes, FileEntry>();
  for (const entry of entries) {
    const file = entry.type === "hardlink" ? files.get(entry.target) : entry;
    if (file?.type === "file") files.set(entry.path, { ...file, path: entry.path });
  }
  return files;
}

/** Reads the contents of a checkpoint from its store. */
export class StoredContents implements Contents {
  readonly files: ReadonlyMap<string, number>;
  readonly #source: CheckpointSource;
  readonly #parts: ReadonlyMap<string, readonly ContentPart[]>;

  constructor(source: CheckpointSource, files: ReadonlyMap<PathBytes, FileEntry>) {
    this.#source = source;
    const named = [...files].map(([path, file]) => [pathForPeople(path), file] as const);
    this.files = new Map(named.map(([path, { size }]) => [path, size]));
    this.#parts = new Map(named.map(([path, { parts }]) => [path, parts]));
  }

  async read(path: string, into?: Buffer): Promise<Buffer> {
    const parts = this.#partsOf(path);
    const size = this.files.get(path) ?? 0;
    if (into !== undefined && into.length < size)
      throw new SpotproofError(
        "internal",
        `${path} has ${size} bytes, and there is room for ${into.length}.`,
      );
    const target = into?.subarray(0, size) ?? Buffer.allocUnsafeSlow(size);
    const { chunks, uses } = placeParts(parts, target);
    const runs = [...chunks.packs()].flatMap((pack) => planRuns(chunks.of(pack)));
    if (runs.length === 0) return target;
    const { readsAtATime = USUAL_BLOCKS } = this.#source;
    const workshop = openWorkshop(size, 0, new MemoryKeeper(readsAtATime));
    try {
      await eachAtATime(runs, readsAtATime, (run) => readInto(this.#source, run, uses, target, workshop));
    } finally {
      workshop.close("failure"); // there is no next one that its memory should be kept for
    }
    return target;
  }

  async *stream(path: string): AsyncGenerator<Buffer, void, undefined> {
    const parts = this.#partsOf(path);
    const ahead: Promise<Iterable<Buffer>>[] = [];
    try {
      for (const step of stepsOf(parts)) {
        const read = this.#readStep(step);
        read.catch(() => undefined); // thrown in its turn, below, or not needed any more
        ahead.push(read);
        if (ahead.length >= READS_AHEAD) yield* (await ahead.shift()) ?? [];
      }
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) yield* await next;
    } finally {
      await Promise.allSettled(ahead);
    }
  }

  async #readStep(step: StreamStep): Promise<Iterable<Buffer>> {
    if (typeof step === "number") return zeros(step);
    if (isBytes(step)) return [asBuffer(step.inline)];
    this.#source.signal?.throwIfAborted();
    const pieces: Buffer[] = [];
    await readRun(this.#source, step, (_, raw) => pieces.push(asBuffer(raw)));
    return pieces;
  }

  #partsOf(path: string): readonly ContentPart[] {
    const parts = this.#parts.get(path);
    if (parts === undefined) throw new SpotproofError("internal", `The checkpoint has no file ${path}.`);
    return parts;
  }
}

/** What one read of a stream brings: chunks, bytes that stand in the list, or so many zeros. */
type StreamStep = ChunkRun | Extract<ContentPart, { inline: Uint8Array }> | number;

const isBytes = (step: ChunkRun | { readonly inline: Uint8Array }): step is { readonly inline: Uint8Array } =>
  "inline" in step;

function* stepsOf(parts: readonly ContentPart[]): Generator<StreamStep> {
  let chunks: ChunkRef[] = [];
  for (const part of parts) {
    if (isChunk(part)) {
      chunks.push(part);
      continue;
    }
    yield* runsInOrder(chunks);
    chunks = [];
    yield part;
  }
  yield* runsInOrder(chunks);
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= ZEROS_BYTES) yield Buffer.alloc(Math.min(left, ZEROS_BYTES));
}

/** Puts what needs no reading into a target, and notes where the chunks go. */
function placeParts(
  parts: readonly ContentPart[],
  target: Buffer,
): { readonly chunks: ChunksByPack; readonly uses: ReadonlyMap<ChunkRef["hash"], readonly number[]> } {
  const chunks = new ChunksByPack();
  const uses = new Map<ChunkRef["hash"], number[]>();
  let position = 0;
  for (const part of parts) {
    if (typeof part === "number") target.fill(0, position, position + part);
    else if (isInline(part)) target.set(part.inline, position);
    else {
      const known = uses.get(part.hash);
      if (known === undefined) {
        uses.set(part.hash, [position]);
        chunks.add(part);
      } else known.push(position);
    }
    position += partBytes(part);
  }
  return { chunks, uses };
}

async function readInto(
  source: CheckpointSource,
  run: ChunkRun,
  uses: ReadonlyMap<ChunkRef["hash"], readonly number[]>,
  target: Buffer,
  workshop: Workshop,
): Promise<void> {
  source.signal?.throwIfAborted();
  const block = await workshop.takeBlock();
  const use = ({ hash }: ChunkRef, raw: Uint8Array): void => {
    for (const position of uses.get(hash) ?? []) target.set(raw, position);
  };
  const where = await readRun(source, run, use, { block, workshop });
  // A read that was repeated leaves behind one that may still be writing into the block.
  if (where === "elsewhere") block.discard();
  else block.release(); // only after a success: what failed may still be using it
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
