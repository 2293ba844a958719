import {
  type AttemptNumber,
  type JobName,
  type PackId,
  SpotproofError,
  packId,
  wasmMemory,
} from "../../base/index.ts";
import { packKey } from "../../store/keys.ts";
import type { Store, StoreKey } from "../../store/store.ts";
import type { ChunkHash, ChunkRef } from "../format/chunk.ts";
import type { Codec } from "../format/codec.ts";
import { PackBuilder } from "../format/pack.ts";
import { USUAL_BLOCKS, type Workshop } from "../workshop/workshop.ts";
import { MemoryKeeper } from "../workshop/workshop-memory.ts";
import type { SaverIndex } from "./saver-index.ts";
import type { StoreSpeed } from "./store-speed.ts";

/** Size that packs are filled to. A constant of this writer, not of the format. */
export const PACK_BYTES = 16 * 1024 * 1024;
/** So many packs are on their way to the store at once by default. Bounds the memory: one more is being filled. */
export const PACKS_AT_A_TIME = 4;

/** Where packs of one attempt go and how they are numbered. Lives as long as the saver. */
export interface PackDestination {
  readonly store: Store;
  readonly job: JobName;
  readonly attempt: AttemptNumber;
  readonly index: SaverIndex;
  /** So many packs are on their way at once. */
  readonly packsAtATime: number;
  /** Learns from every pack. */
  readonly speed: StoreSpeed;
  /** Memory for the content of one save, and then of the next. */
  readonly memory: MemoryKeeper;
  /** The next free number. */
  nextSequence: number;
}

/** Memory for saves: room for packs that are on their way, and for the one that is being filled. */
export function memoryForSaves(packsAtATime: number): MemoryKeeper {
  return new MemoryKeeper(USUAL_BLOCKS, { count: packsAtATime + 1, bytes: PACK_BYTES });
}

/** Gathers the chunks of one save in packs and sends these to the store. */
export class PackWriter {
  readonly #destination: PackDestination;
  readonly #signal: AbortSignal | undefined;
  /** Chunks that are on their way: they may be referred to by this save only, until their pack is durable. */
  readonly #pending = new Map<ChunkHash, ChunkRef>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #freeBuffers: Buffer[] = [];
  /** Where chunks come from, and packs if it has memory for them. */
  workshop: Pick<Workshop, "copy" | "packBuffer"> | undefined;
  #open: PackBuilder | undefined;
  #sealing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #storedBytes = 0;

  constructor(destination: PackDestination, signal: AbortSignal | undefined) {
    this.#destination = destination;
    this.#signal = signal;
  }

  /** Bytes that have become durable. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Where the memory of workshops comes from. */
  get memory(): MemoryKeeper {
    return this.#destination.memory;
  }

  /** How fast the store takes packs. */
  get storeSpeed(): StoreSpeed {
    return this.#destination.speed;
  }

  /** The chunk with these raw bytes, if it is stored or on its way. */
  find(hash: ChunkHash): ChunkRef | undefined {
    return this.#destination.index.find(hash) ?? this.#pending.get(hash);
  }

  /** Adds a chunk, or finds it, when that needs no waiting: spares the many small ones their turns of the event loop. */
  addNow(hash: ChunkHash, rawBytes: number, codec: Codec, stored: Uint8Array): ChunkRef | undefined {
    if (this.#failure !== undefined || this.#signal?.aborted === true) return undefined;
    const found = this.find(hash);
    if (found !== undefined || this.#open?.fits(stored.length) !== true) return found;
    return this.#append(this.#open, hash, rawBytes, codec, stored);
  }

  /** Adds a chunk, or finds it. Waits while too many packs are under way. Rejects when an earlier pack could not be stored. */
  async add(hash: ChunkHash, rawBytes: number, codec: Codec, stored: Uint8Array): Promise<ChunkRef> {
    for (;;) {
      this.#throwFailure();
      const found = this.find(hash);
      if (found !== undefined) return found;
      this.#open ??= this.#newPack();
      if (this.#open.fits(stored.length)) break;
      this.#sealing ??= this.#seal().finally(() => {
        this.#sealing = undefined;
      });
      await this.#sealing;
    }
    return this.#append(this.#open, hash, rawBytes, codec, stored);
  }

  #append(pack: PackBuilder, hash: ChunkHash, rawBytes: number, codec: Codec, stored: Uint8Array): ChunkRef {
    const ref = pack.append(hash, rawBytes, codec, stored, this.workshop?.copy);
    this.#pending.set(hash, ref);
    return ref;
  }

  /** Resolves when everything that was added is durable. */
  async flush(): Promise<void> {
    await this.#sealing;
    if (this.#open !== undefined && this.#open.refs.length > 0) await this.#seal();
    await Promise.all(this.#inFlight);
    this.#throwFailure();
  }

  /** Resolves when nothing is under way any more, whatever became of it. What did become durable can be used again. */
  async abandon(): Promise<void> {
    this.#open = undefined;
    await Promise.all(this.#inFlight);
    this.#pending.clear();
  }

  async #seal(): Promise<void> {
    while (this.#inFlight.size >= this.#destination.packsAtATime) await Promise.race(this.#inFlight);
    const pack = this.#open;
    this.#open = undefined;
    if (pack === undefined || this.#failure !== undefined) return;
    const sent = this.#send(pack)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  async #send(pack: PackBuilder): Promise<void> {
    const { job, index, speed } = this.#destination;
    const bytes = pack.finish();
    speed.begin();
    let stored = 0;
    try {
      await this.#create(packKey(job, pack.id), bytes);
      stored = bytes.length;
    } finally {
      speed.end(stored);
    }
    index.addPack(pack.id, bytes.length, pack.refs);
    for (const ref of pack.refs) this.#pending.delete(ref.hash);
    this.#storedBytes += bytes.length;
    this.#freeBuffers.push(pack.buffer); // only now: a call that failed may still be reading it
  }

  async #create(key: StoreKey, bytes: Buffer): Promise<void> {
    const { store } = this.#destination;
    if ((await store.create(key, [bytes], { signal: this.#signal })) === "created") return;
    // A repeated request can find its own first try: only the same bytes will do.
    const there = await store.read(key, { signal: this.#signal });
    if (there?.equals(bytes) !== true) throw taken(key);
  }

  #newPack(): PackBuilder {
    const destination = this.#destination;
    const id: PackId = packId(destination.attempt, destination.nextSequence);
    destination.nextSequence += 1;
    return new PackBuilder(id, this.#freeBuffers.pop() ?? this.workshop?.packBuffer?.() ?? packBuffer());
  }

  #throwFailure(): void {
    this.#signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Begins at a page of memory, as writes past the page cache need it. */
function packBuffer(): Buffer {
  try {
    return Buffer.from(wasmMemory(PACK_BYTES, false).buffer, 0, PACK_BYTES);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return Buffer.allocUnsafeSlow(PACK_BYTES); // no address space for it, under a tight limit
  }
}

function taken(key: string): SpotproofError {
  return new SpotproofError(
    "internal",
    `The key ${key} is taken by other bytes, though only this attempt may write it.`,
  );
}
