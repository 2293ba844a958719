import { endianness } from "node:os";
import { Serializer } from "node:v8";
import { crc32 } from "node:zlib";
import { SpotproofError } from "../../base/index.ts";

// The graph of a state, as bytes. Numbers of the frame are little-endian.
//
//    0  magic "SPTSTATE"
//    8  format of this frame, 1
//    9  byte order of the machine that saved: 1 little-endian, 2 big-endian (typed arrays are in it)
//   10  version of V8's serialization that the payload is in
//   11  flags: bit 0, amendments follow the value (see encode.ts)
//   12  CRC-32 of everything from byte 16 on
//   16  number of memories beside the graph (32 bits), 4 bytes of nothing
//   24  length of the payload (64 bits)
//   32  payload: V8's own header, the value, its amendments
//    …  one row of 16 bytes for each memory: its length, and how long it may grow, plus 1; or 0 (64 bits each)

const MAGIC = Buffer.from("SPTSTATE", "latin1");
const FORMAT = 1;
const CHECKED_FROM = 16;
const ROW_BYTES = 16;
const HAS_AMENDMENTS = 1;
const BYTE_ORDERS = ["LE", "BE"] as const;
const BYTE_ORDER = BYTE_ORDERS.indexOf(endianness()) + 1;

/** Bytes of the frame in front of the payload. */
export const PREFIX_BYTES = 32;
/** Far more than any machine has: a greater number is damage. */
const LARGEST_MEMORY = 2 ** 48;
/** No piece beside the graph is longer: an ArrayBuffer that is stands beside it in several pieces. */
export const PIECE_BYTES = 2 ** 30;

/** One ArrayBuffer (or the bytes of one Buffer) beside the graph. */
export interface MemoryShape {
  /** Bytes. */
  readonly byteLength: number;
  /** Bytes, for a resizable ArrayBuffer; absent for every other. */
  readonly maxByteLength?: number;
}

/** What the frame of a graph says. */
export interface GraphFrame {
  readonly memories: readonly MemoryShape[];
  readonly hasAmendments: boolean;
  /** V8's header, the value and its amendments. */
  readonly payload: Buffer;
}

/** The version of V8's serialization that this Node.js writes, and the newest that it reads. */
export function serializationVersion(): number {
  known ??= askedVersion();
  return known;
}

let known: number | undefined;

function askedVersion(): number {
  const probe = new Serializer();
  probe.writeHeader();
  return probe.releaseBuffer().readUInt8(1);
}

/** The rows that stand behind the payload. */
export function memoryRows(memories: readonly MemoryShape[]): Buffer {
  const rows = Buffer.alloc(memories.length * ROW_BYTES);
  for (const [index, { byteLength, maxByteLength }] of memories.entries()) {
    rows.writeBigUInt64LE(BigInt(byteLength), index * ROW_BYTES);
    rows.writeBigUInt64LE(BigInt(maxByteLength === undefined ? 0 : maxByteLength + 1), index * ROW_BYTES + 8);
  }
  return rows;
}

/** Fills in the first `PREFIX_BYTES` of a graph whose payload and rows stand behind them already. */
export function writePrefix(graph: Buffer, memories: number, hasAmendments: boolean): void {
  graph.fill(0, 0, PREFIX_BYTES);
  MAGIC.copy(graph);
  graph.writeUInt8(FORMAT, 8);
  graph.writeUInt8(BYTE_ORDER, 9);
  graph.writeUInt8(serializationVersion(), 10);
  graph.writeUInt8(hasAmendments ? HAS_AMENDMENTS : 0, 11);
  graph.writeUInt32LE(memories, 16);
  graph.writeBigUInt64LE(BigInt(graph.length - PREFIX_BYTES - memories * ROW_BYTES), 24);
  graph.writeUInt32LE(crc32(graph.subarray(CHECKED_FROM)), 12);
}

/**
 * Reads the frame of a graph.
 * @throws SpotproofError `state-unreadable`: foreign, truncated, altered, or of a newer version or another byte order
 */
export function readFrame(graph: Buffer): GraphFrame {
  checkOrigin(graph);
  const count = graph.readUInt32LE(16);
  const length = Number(graph.readBigUInt64LE(24));
  const expected = PREFIX_BYTES + length + count * ROW_BYTES;
  if (graph.length !== expected) {
    throw unreadable(`It should have ${expected} bytes and has ${graph.length}: it was cut off or added to.`);
  }
  if (crc32(graph.subarray(CHECKED_FROM)) !== graph.readUInt32LE(12)) {
    throw unreadable("Its checksum does not match: bytes of it were altered after the save.");
  }
  const rows = graph.subarray(PREFIX_BYTES + length);
  return {
    memories: Array.from({ length: count }, (_, index) => readRow(rows, index * ROW_BYTES)),
    hasAmendments: (graph.readUInt8(11) & HAS_AMENDMENTS) !== 0,
    payload: graph.subarray(PREFIX_BYTES, PREFIX_BYTES + length),
  };
}

function checkOrigin(graph: Buffer): void {
  if (graph.length < PREFIX_BYTES || !graph.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw unreadable(`These ${graph.length} bytes are not the graph of a state.`);
  }
  const format = graph.readUInt8(8);
  if (format !== FORMAT) {
    throw unreadable(
      `It is in format ${format}, and this version of Spotproof reads format ${FORMAT}: use a newer one.`,
    );
  }
  const order = graph.readUInt8(9);
  if (order !== BYTE_ORDER) {
    throw unreadable(
      `It was saved on a machine of byte order ${orderName(order)}, and this one has ${orderName(BYTE_ORDER)}: go on with a machine of the same kind.`,
    );
  }
  const [saved, here] = [graph.readUInt8(10), serializationVersion()];
  if (saved <= here) return;
  throw unreadable(
    `It was saved by a newer Node.js (serialization version ${saved}; Node.js ${process.versions.node} here reads up to ${here}): go on with the Node.js that saved it, or a newer one.`,
  );
}

function orderName(order: number): string {
  return BYTE_ORDERS[order - 1] ?? `number ${order}`;
}

function readRow(rows: Buffer, at: number): MemoryShape {
  const byteLength = Number(rows.readBigUInt64LE(at));
  const grown = Number(rows.readBigUInt64LE(at + 8));
  const largest = Math.max(byteLength, grown);
  if (largest > LARGEST_MEMORY) throw unreadable(`It names a memory of ${largest} bytes.`);
  return grown === 0 ? { byteLength } : { byteLength, maxByteLength: grown - 1 };
}

/** The error for bytes that are no state. */
export function unreadable(detail: string, cause?: unknown): SpotproofError {
  return new SpotproofError("state-unreadable", detail, cause === undefined ? undefined : { cause });
}
