import { createHash } from "node:crypto";
import { type PackId, SpotproofError } from "../../base/index.ts";
import { type ChunkHash, type ChunkRef, chunkHash } from "./chunk.ts";
import { type Codec, codecNumber, decode } from "./codec.ts";
import { shortHash } from "./compat.ts";
import { damaged } from "./damage.ts";

// docs/checkpoint-format.md describes every byte of a pack.

/** The version of packs that this program writes and the highest that it reads. */
export const PACK_FORMAT = 1;
/** Length of what stands before the first record. */
export const PACK_HEADER_BYTES = 16;
/** Length of what stands before the data of each chunk. */
export const RECORD_HEADER_BYTES = 48;
/** Length of one line of the trailer's index. */
export const INDEX_ENTRY_BYTES = 48;
/** Length of the fixed end of a pack. */
export const PACK_FOOTER_BYTES = 56;

const HEADER_MAGIC = Buffer.from("SPOTPACK", "latin1");
const FOOTER_MAGIC = Buffer.from("SPOTPEND", "latin1");
const CHECKED_BYTES = 44;

/** What a pack's index says of one chunk. */
export interface PackedChunk {
  readonly hash: ChunkHash;
  readonly offset: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly codec: number;
}

/** Builds one pack in a buffer that it is lent. Never grows beyond it. */
export class PackBuilder {
  readonly id: PackId;
  readonly buffer: Buffer;
  readonly refs: ChunkRef[] = [];
  #codecs: number[] = [];
  #at = PACK_HEADER_BYTES;

  constructor(id: PackId, buffer: Buffer) {
    this.id = id;
    this.buffer = buffer;
    HEADER_MAGIC.copy(buffer, 0);
    buffer.writeUInt32LE(PACK_FORMAT, 8);
    buffer.writeUInt32LE(0, 12);
  }

  /** Whether a chunk whose data has this length still fits, the trailer included. */
  fits(storedBytes: number): boolean {
    const trailer = (this.refs.length + 1) * INDEX_ENTRY_BYTES + PACK_FOOTER_BYTES;
    return this.#at + RECORD_HEADER_BYTES + storedBytes + trailer <= this.buffer.length;
  }

  /** Copies a chunk in, by `copy` if that is given. The caller has asked `fits`. */
  append(
    hash: ChunkHash,
    rawBytes: number,
    codec: Codec,
    stored: Uint8Array,
    copy?: (target: Buffer, at: number, source: Uint8Array) => void,
  ): ChunkRef {
    const { buffer } = this;
    const ref = { hash, rawBytes, pack: this.id, offset: this.#at, storedBytes: stored.length };
    const number = codecNumber(codec);
    buffer.write(hash, this.#at, 32, "hex");
    buffer.writeUInt32LE(rawBytes, this.#at + 32);
    buffer.writeUInt32LE(stored.length, this.#at + 36);
    buffer.writeUInt32LE(number, this.#at + 40); // the codec's byte and three that are zero
    sealHeader(buffer, this.#at);
    if (copy === undefined) buffer.set(stored, this.#at + RECORD_HEADER_BYTES);
    else copy(buffer, this.#at + RECORD_HEADER_BYTES, stored);
    this.#at += RECORD_HEADER_BYTES + stored.length;
    this.refs.push(ref);
    this.#codecs.push(number);
    return ref;
  }

  /** Adds the trailer. The result is a view of the buffer. */
  finish(): Buffer {
    const { buffer } = this;
    const indexAt = this.#at;
    let at = indexAt;
    this.refs.forEach((ref, position) => {
      buffer.write(ref.hash, at, 32, "hex");
      buffer.writeUInt32LE(ref.offset, at + 32);
      buffer.writeUInt32LE(ref.rawBytes, at + 36);
      buffer.writeUInt32LE(ref.storedBytes, at + 40);
      buffer.writeUInt32LE(this.#codecs[position] ?? 0, at + 44);
      at += INDEX_ENTRY_BYTES;
    });
    buffer.writeBigUInt64LE(BigInt(indexAt), at);
    buffer.writeUInt32LE(this.refs.length, at + 8);
    buffer.writeUInt32LE(0, at + 12);
    trailerDigest(buffer, indexAt, at + 16).copy(buffer, at + 16);
    FOOTER_MAGIC.copy(buffer, at + 48);
    return buffer.subarray(0, at + PACK_FOOTER_BYTES);
  }
}

/**
 * The verified raw bytes of a chunk, given its whole record (header and data).
 * @throws SpotproofError `checkpoint-damaged` or `codec-unavailable`
 */
export async function readRecord(ref: ChunkRef, record: Buffer): Promise<Uint8Array> {
  const codec = checkRecordHeader(ref, record);
  const raw = await decode(codec, record.subarray(RECORD_HEADER_BYTES), ref.rawBytes);
  requireHash(ref, raw.length, chunkHash(raw));
  return raw;
}

/**
 * Checks everything of a record but its data; gives the codec's number.
 * @throws SpotproofError `checkpoint-damaged`
 */
export function checkRecordHeader(ref: ChunkRef, record: Buffer): number {
  const place = placeOf(ref);
  if (record.length !== RECORD_HEADER_BYTES + ref.storedBytes)
    throw damaged(`${place}: the pack ends too early.`);
  if (!headerIsSealed(record, 0)) throw damaged(`${place}: the record's header is damaged.`);
  const hash = record.toString("hex", 0, 32);
  const codec = record.readUInt32LE(40);
  const agrees =
    hash === ref.hash &&
    record.readUInt32LE(32) === ref.rawBytes &&
    record.readUInt32LE(36) === ref.storedBytes;
  if (!agrees) throw damaged(`${place}: another chunk lies where ${ref.hash} should.`);
  return codec;
}

/** @throws SpotproofError `checkpoint-damaged` when a chunk's raw bytes are not those that its name says. */
export function requireHash(ref: ChunkRef, rawBytes: number, hash: ChunkHash): void {
  if (rawBytes === ref.rawBytes && hash === ref.hash) return;
  throw damaged(`${placeOf(ref)}: the bytes do not match the hash ${ref.hash}.`);
}

const placeOf = ({ pack, offset }: ChunkRef): string => `Pack ${pack}, offset ${offset}`;

/**
 * The index of a pack, from its verified trailer.
 * @throws SpotproofError `checkpoint-damaged` or `store-newer`
 */
export function readPackIndex(id: PackId, pack: Buffer): readonly PackedChunk[] {
  const smallest = PACK_HEADER_BYTES + PACK_FOOTER_BYTES;
  if (pack.length < smallest) throw damaged(`Pack ${id} has only ${pack.length} bytes.`);
  const footer = pack.length - PACK_FOOTER_BYTES;
  if (!pack.subarray(0, 8).equals(HEADER_MAGIC) || !pack.subarray(footer + 48).equals(FOOTER_MAGIC)) {
    throw damaged(`Pack ${id} does not begin or end as packs do.`);
  }
  const indexAt = Number(pack.readBigUInt64LE(footer));
  const count = pack.readUInt32LE(footer + 8);
  if (indexAt + count * INDEX_ENTRY_BYTES !== footer || indexAt < PACK_HEADER_BYTES) {
    throw damaged(`Pack ${id} has an impossible trailer.`);
  }
  if (!trailerDigest(pack, indexAt, footer + 16).equals(pack.subarray(footer + 16, footer + 48))) {
    throw damaged(`The trailer of pack ${id} does not match its digest.`);
  }
  refuseNewerPack(id, pack);
  return Array.from({ length: count }, (_, position) => {
    const at = indexAt + position * INDEX_ENTRY_BYTES;
    return {
      hash: pack.toString("hex", at, at + 32),
      offset: pack.readUInt32LE(at + 32),
      rawBytes: pack.readUInt32LE(at + 36),
      storedBytes: pack.readUInt32LE(at + 40),
      codec: pack.readUInt32LE(at + 44),
    };
  });
}

function refuseNewerPack(id: PackId, pack: Buffer): void {
  // After the digest, so that a flipped bit is not taken for a newer version.
  const format = pack.readUInt32LE(8);
  if (format > PACK_FORMAT) {
    throw new SpotproofError(
      "store-newer",
      `Pack ${id} has the format ${format}; known here is ${PACK_FORMAT}.`,
    );
  }
}

/** SHA-256 over the pack's header, its index and the first 16 bytes of its footer. */
function trailerDigest(pack: Buffer, indexAt: number, until: number): Buffer {
  return createHash("sha256")
    .update(pack.subarray(0, PACK_HEADER_BYTES))
    .update(pack.subarray(indexAt, until))
    .digest();
}

function sealHeader(buffer: Buffer, at: number): void {
  headerCheck(buffer, at).copy(buffer, at + CHECKED_BYTES, 0, 4);
}

function headerIsSealed(buffer: Buffer, at: number): boolean {
  const check = headerCheck(buffer, at);
  return check.compare(buffer, at + CHECKED_BYTES, at + RECORD_HEADER_BYTES, 0, 4) === 0;
}

/** Its first four bytes stand at the end of a record's header: a flipped codec must not look like an unknown one. */
function headerCheck(buffer: Buffer, at: number): Buffer {
  return shortHash(buffer.subarray(at, at + CHECKED_BYTES));
}
