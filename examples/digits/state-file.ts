import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { weightCount } from "./network.ts";
import type { Settings } from "./settings.ts";
import type { TrainingState } from "./training.ts";

// The state of a training in one file:
//
//   8 bytes   "DIGITS 1"
//   4 bytes   length of the header, little endian
//   header    JSON: settings, step, random, epochLoss, pictures; filled up with spaces to a multiple of 4
//   arrays    order (16 bits each), weights, first moments, second moments (32-bit floats), little endian
//
// One file and not several: a file that is written beside and then renamed changes at one moment, so that a kill at any
// instruction, and a copy of the folder taken at any moment, finds the whole state of one step. With weights in one file
// and moments in another there would be a moment at which they belong to different steps.

const MAGIC = Buffer.from("DIGITS 1");

interface Header extends Pick<TrainingState, "settings" | "step" | "random" | "epochLoss"> {
  readonly pictures: number;
}

/** Puts the state into the file. A reader sees the state before or this one, at every moment. */
export function writeState(file: string, state: TrainingState): void {
  const { settings, step, random, epochLoss } = state;
  const header: Header = { settings, step, random, epochLoss, pictures: state.order.length };
  const json = JSON.stringify(header);
  const headerBytes = Buffer.from(json.padEnd(Math.ceil(json.length / 4) * 4));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(headerBytes.length);
  const arrays = [state.order, state.weights, state.moments.first, state.moments.second].map(bytesOf);
  replaceFile(file, Buffer.concat([MAGIC, length, headerBytes, ...arrays]));
}

/**
 * Reads the state back; `undefined` when there is none.
 * @throws Error when the file is something else, or its length is not what its header says.
 */
export function readState(file: string): TrainingState | undefined {
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  const start = MAGIC.length + 4;
  if (bytes.length < start || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error(`${file} is not the state of a training.`);
  }
  const arraysAt = start + bytes.readUInt32LE(MAGIC.length);
  const header = JSON.parse(bytes.toString("utf8", start, arraysAt)) as Header;
  const count = weightCount(header.settings.hidden);
  const expected = arraysAt + 2 * header.pictures + 3 * 4 * count;
  if (bytes.length !== expected) {
    throw new Error(`${file} has ${bytes.length} bytes instead of ${expected}.`);
  }
  const order = new Uint16Array(header.pictures);
  const weights = new Float32Array(count);
  const moments = { first: new Float32Array(count), second: new Float32Array(count) };
  let from = arraysAt;
  for (const array of [order, weights, moments.first, moments.second]) {
    from += bytes.copy(bytesOf(array), 0, from, from + array.byteLength);
  }
  const { settings, step, random, epochLoss } = header;
  return { settings, step, random, epochLoss, order, weights, moments };
}

/** The result of a training: the weights and nothing else, 32-bit floats, little endian. */
export function weightBytes(state: TrainingState): Buffer {
  return bytesOf(state.weights);
}

/** Writes beside and renames. `flush` waits until the bytes are on the disk, so that the rename never gets there first. */
export function replaceFile(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, bytes, { flush: true });
  renameSync(`${file}.new`, file);
}

function bytesOf(array: Uint16Array | Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** Why a training with these settings cannot go on from this state; `undefined` when it can. */
export function whyNotGoOn(state: TrainingState, settings: Settings, pictures: number): string | undefined {
  const [was, is] = [JSON.stringify(state.settings), JSON.stringify(settings)];
  if (was !== is) return `it was begun with ${was}, and now asked to go on with ${is}`;
  return state.order.length === pictures ? undefined : `it was begun with ${state.order.length} pictures`;
}
