import { BEST_CODEC, type Codec, encode, encodedBytes } from "../format/codec.ts";
import type { StoreSpeed } from "./store-speed.ts";

const SAMPLE_BYTES = 32 * 1024;
/** So much of a sample is looked at before it is compressed. (So many evenly spread ones seem to have 7.83 bits each.) */
const GLANCE_BYTES = 2 * 1024;
/** A new sample is taken after so many chunks of a file, about 10 MiB; after twice as many each time that it was of no use. */
const CHUNKS_PER_SAMPLE = 32;
const MOST_CHUNKS_PER_SAMPLE = 512;
/** Shorter chunks are left as they are: nothing to gain. */
const SHORTEST_BYTES = 1024;
/** Bits per byte above which no sample is compressed at all. Evenly spread bytes have 8. */
const HOPELESS_BITS = 7.75;

/** A chunk as it goes into a pack. */
export interface EncodedChunk {
  readonly codec: Codec;
  readonly stored: Uint8Array;
}

/** What two threads compress in a millisecond beside everything else that a save does. */
const COMPRESSED_BYTES_PER_MS = 300_000;

/**
 * Decides for the chunks of one file whether compressing them is worth its time: by samples, whether they become shorter,
 * and by the speed of the store, whether the save becomes so. A store that takes raw bytes faster than they can be
 * compressed gets them raw.
 */
export class CodecChoice {
  readonly #speed: StoreSpeed;
  /** Until the next sample. */
  #chunksLeft = 0;
  #spacing = CHUNKS_PER_SAMPLE;
  #compress = false;

  constructor(speed: StoreSpeed) {
    this.#speed = speed;
  }

  /** The chunk as it should be stored. Chunks must be offered in the order of the file. */
  choose(raw: Uint8Array): EncodedChunk | Promise<EncodedChunk> {
    if (this.#chunksLeft === 0) this.#sample(raw);
    this.#chunksLeft -= 1;
    if (!this.#compress || raw.length < SHORTEST_BYTES || this.#storeIsFaster())
      return { codec: "raw", stored: raw };
    return this.#encode(raw);
  }

  #sample(raw: Uint8Array): void {
    this.#compress = isWorthwhile(raw);
    this.#spacing = this.#compress ? CHUNKS_PER_SAMPLE : Math.min(2 * this.#spacing, MOST_CHUNKS_PER_SAMPLE);
    this.#chunksLeft = this.#spacing;
  }

  #storeIsFaster(): boolean {
    return (this.#speed.bytesPerMs ?? 0) > COMPRESSED_BYTES_PER_MS;
  }

  async #encode(raw: Uint8Array): Promise<EncodedChunk> {
    const { codec, worthwhileShare } = BEST_CODEC;
    const stored = await encode(codec, raw);
    return stored.length <= raw.length * worthwhileShare ? { codec, stored } : { codec: "raw", stored: raw };
  }
}

function isWorthwhile(raw: Uint8Array): boolean {
  if (raw.length < SHORTEST_BYTES) return false;
  const start = Math.max(0, Math.floor((raw.length - SAMPLE_BYTES) / 2));
  const sample = raw.subarray(start, start + SAMPLE_BYTES);
  if (bitsPerByte(sample.subarray(0, GLANCE_BYTES)) > HOPELESS_BITS) return false;
  return encodedBytes(BEST_CODEC.codec, sample) <= sample.length * BEST_CODEC.worthwhileShare;
}

/**
 * How evenly the values of single bytes are spread: their collision entropy (Rényi's of order 2), which needs one logarithm
 * where Shannon's needs 256. Takes a hundredth of the time of compressing.
 */
function bitsPerByte(sample: Uint8Array): number {
  const counts = new Uint16Array(256);
  // Counted by position: iterating would take ten times as long.
  for (let at = 0; at < sample.length; at += 1) {
    const byte = sample[at] as number;
    counts[byte] = (counts[byte] as number) + 1;
  }
  let squares = 0;
  for (let byte = 0; byte < 256; byte += 1) squares += (counts[byte] as number) ** 2;
  return -Math.log2(squares / sample.length ** 2);
}
