import { createCipheriv, createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

// The data of the benchmark: the same bytes on every machine and in every run.

const MIB = 1024 * 1024;
const BLOCK_BYTES = 4 * MIB;
const FILES = 8;
const REGIONS_PER_FILE = 8;

/** Changed in place, of all bytes. */
const CHANGED_SHARE = 0.01;
const INSERTED_BYTES = MIB;

/** So many small files, of these sizes. */
const SMALL_FILES_PER_FOLDER = 500;
const SMALLEST_BYTES = 4 * 1024;
const LARGEST_BYTES = 40 * 1024;

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** A stream of weights: the next call goes on where the last one ended. */
type Weights = (bytes: number) => Buffer;

/**
 * Numbers as a trained model has them, 32-bit floating point around zero: signs and mantissas are noise, and each smaller
 * power of two is half as frequent. zstd takes some 8 % off such data, as it does with real weights.
 */
function weightsFrom(seed: string): Weights {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  return (bytes) => {
    const noise = cipher.update(ZEROS.subarray(0, bytes));
    const words = new Uint32Array(noise.buffer, noise.byteOffset, noise.length >>> 2);
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] ?? 0;
      // The eight bits where the exponent belongs are noise as well: as many leading zeros as a coin gives heads.
      const heads = Math.clz32((word << 1) | 0x00800000);
      words[at] = (word & 0x807fffff) | ((122 - heads) << 23);
    }
    return noise;
  };
}

/** The name of one of the large files. */
const largeFile = (number: number): string => `part-${number}.bin`;

/** Writes the large files of `totalBytes` together as they are at first, whatever was there. Existing files are kept, as inodes. */
export function writeLargeFiles(folder: string, totalBytes: number): void {
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < FILES; number += 1) {
    const weights = weightsFrom(`large file ${number}`);
    const path = join(folder, largeFile(number));
    const file = openSync(path, existsSync(path) ? "r+" : "w");
    const size = fileBytes(totalBytes);
    for (let at = 0; at < size; at += BLOCK_BYTES) {
      writeWhole(file, weights(Math.min(BLOCK_BYTES, size - at)), at);
    }
    ftruncateSync(file, size);
    fsyncSync(file);
    closeSync(file);
  }
}

/** Overwrites 1 % of the large files in 64 regions that lie anywhere; each `round` others, with other bytes. */
export function changeInPlace(folder: string, totalBytes: number, round = 0): void {
  const size = fileBytes(totalBytes);
  const slice = Math.floor(size / REGIONS_PER_FILE);
  const region = Math.round((slice * CHANGED_SHARE) / 4) * 4;
  for (let number = 0; number < FILES; number += 1) {
    const file = openSync(join(folder, largeFile(number)), "r+");
    for (let place = 0; place < REGIONS_PER_FILE; place += 1) {
      const random = createHash("sha256")
        .update(`region ${number} ${place} ${round}`)
        .digest()
        .readUInt32LE();
      const at = place * slice + (random % (slice - region));
      writeWeights(file, `changed ${number} ${place} ${round}`, region, at);
    }
    fsyncSync(file);
    closeSync(file);
  }
}

/** Puts 1 MiB before the content of the first file, as a program does: a new file takes its place. */
export function insertAtFront(folder: string): void {
  const path = join(folder, largeFile(0));
  const [from, to] = [openSync(path, "r"), openSync(`${path}.new`, "w")];
  writeWeights(to, "inserted", INSERTED_BYTES, 0);
  const buffer = Buffer.alloc(BLOCK_BYTES);
  const { size } = statSync(path);
  for (let at = 0; at < size; ) {
    const length = readSync(from, buffer, 0, buffer.length, at);
    if (length === 0) throw new Error(`${path} became shorter.`);
    writeWhole(to, buffer.subarray(0, length), INSERTED_BYTES + at);
    at += length;
  }
  fsyncSync(to);
  closeSync(from);
  closeSync(to);
  renameSync(`${path}.new`, path);
}

/** Writes small files of 4 to 40 KiB, in folders of 500. Gives their bytes together. */
export function writeSmallFiles(folder: string, count: number): number {
  const weights = weightsFrom("small files");
  let total = 0;
  for (let number = 0; number < count; number += 1) {
    const inside = join(
      folder,
      `shard-${String(Math.floor(number / SMALL_FILES_PER_FOLDER)).padStart(4, "0")}`,
    );
    if (number % SMALL_FILES_PER_FOLDER === 0) mkdirSync(inside, { recursive: true });
    const random = createHash("sha256").update(`size ${number}`).digest().readUInt32LE();
    const size = SMALLEST_BYTES + ((random % (LARGEST_BYTES - SMALLEST_BYTES)) & ~3);
    const file = openSync(join(inside, `sample-${number}.bin`), "w");
    writeWhole(file, weights(size), 0);
    closeSync(file);
    total += size;
  }
  return total;
}

function fileBytes(totalBytes: number): number {
  return Math.floor(totalBytes / FILES / 16) * 16;
}

function writeWeights(file: number, seed: string, length: number, position: number): void {
  const weights = weightsFrom(seed);
  for (let at = 0; at < length; at += BLOCK_BYTES) {
    writeWhole(file, weights(Math.min(BLOCK_BYTES, length - at)), position + at);
  }
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at, bytes.length - at, position + at);
  }
}
