import { SpotproofError } from "../../base/index.ts";
import { turn } from "../turn.ts";
import { decodeValue } from "./kept-value.ts";
import {
  FORMAT_VERSION,
  HEADER_TEXT,
  IDENTITIES,
  type Identity,
  Kind,
  MOST_ITEMS,
  damagedLog,
} from "./item-log-format.ts";
import type { RecordLog } from "./items-host.ts";
import type { ItemError } from "./items.ts";
import type { KeyTable } from "./key-table.ts";

/** So much is parsed before the event loop turns. */
const STRETCH_BYTES = 64 * 1024;

/**
 * Reads a record from its beginning, in stretches of whole records; `upTo` leaves out what was added after so many bytes.
 * The event loop turns between two stretches.
 * @throws SpotproofError `record-damaged` when it is no such record or breaks off, `store-newer` when its format is unknown
 */
export async function* readItemLog(
  log: RecordLog,
  upTo = Number.POSITIVE_INFINITY,
): AsyncGenerator<ItemRecords> {
  let identity: Identity | undefined;
  for await (const stretch of wholeRecords(log, upTo)) {
    const records = new ItemRecords(stretch, identity ?? "index");
    identity ??= records.readHeader();
    yield records;
    await turn();
  }
}

/** Cuts what is read between records. */
async function* wholeRecords(log: RecordLog, upTo: number): AsyncGenerator<Buffer> {
  let open: Buffer[] = [];
  let openBytes = 0;
  let neededBytes = 1;
  for await (const piece of piecesOf(log, upTo)) {
    open.push(piece);
    openBytes += piece.length;
    if (openBytes < neededBytes) continue;
    const joined = open.length === 1 ? piece : Buffer.concat(open, openBytes);
    const { end, nextBytes } = lastWholeRecord(joined);
    if (end > 0) yield joined.subarray(0, end);
    const rest = joined.subarray(end);
    open = rest.length > 0 ? [rest] : [];
    openBytes = rest.length;
    neededBytes = Math.max(nextBytes, rest.length + 1);
  }
  if (openBytes > 0) throw damagedLog("it breaks off.");
}

async function* piecesOf(log: RecordLog, upTo: number): AsyncGenerator<Buffer> {
  let left = upTo;
  for await (const read of log.read()) {
    const piece = read.length > left ? read.subarray(0, left) : read;
    left -= piece.length;
    for (let at = 0; at < piece.length; at += STRETCH_BYTES) yield piece.subarray(at, at + STRETCH_BYTES);
    if (left <= 0) return;
  }
}

/** Where the last whole record ends, and how long the one is that begins there, as far as it is known. */
function lastWholeRecord(buffer: Buffer): { end: number; nextBytes: number } {
  let end = 0;
  for (;;) {
    let at = end;
    let length = 0;
    let factor = 1;
    let byte = 128;
    while (byte > 127) {
      if (at >= buffer.length) return { end, nextBytes: 0 };
      byte = buffer[at++] ?? 0;
      length += (byte & 127) * factor;
      factor *= 128;
      if (length > Number.MAX_SAFE_INTEGER) throw damagedLog("a record has an impossible length.");
    }
    if (at + length > buffer.length) return { end, nextBytes: at - end + length };
    end = at + length;
  }
}

/** Goes through a stretch of records: `next`, then what the record says. Nothing is made for a record that is not asked for. */
export class ItemRecords {
  identity: Identity;
  kind: number = Kind.header;
  index = 0;
  /** What the item was known by: a hash of it, or (`key()`) its key. */
  fingerprint = 0;
  tries = 0;
  /** Of a position: the byte at which the item begins. */
  offset = 0;
  readonly #buffer: Buffer;
  #encoding = 0;
  #keyStart = 0;
  #keyEnd = 0;
  #at = 0;
  #end = 0;

  constructor(buffer: Buffer, identity: Identity) {
    this.#buffer = buffer;
    this.identity = identity;
  }

  get bytes(): number {
    return this.#buffer.length;
  }

  /** Reads the record's header, which is its first record. */
  readHeader(): Identity {
    this.#frame();
    const textEnd = this.#at + HEADER_TEXT.length;
    const text = this.#buffer.toString("latin1", this.#at, textEnd);
    if (this.kind !== Kind.header || text !== HEADER_TEXT) throw damagedLog("it does not begin as one.");
    const version = this.#buffer[textEnd] ?? 0;
    if (version !== FORMAT_VERSION) {
      throw new SpotproofError(
        "store-newer",
        `A record of items has the format ${version}; this version reads ${FORMAT_VERSION}.`,
      );
    }
    const identity = IDENTITIES[this.#buffer[textEnd + 1] ?? 255];
    if (identity === undefined) throw damagedLog("its items are known by something unknown.");
    this.identity = identity;
    return identity;
  }

  /** Goes to the next record; false when there is none. */
  next(): boolean {
    if (this.#end >= this.#buffer.length) return false;
    this.#frame();
    this.index = this.#count();
    if (this.kind === Kind.position) this.offset = this.#count();
    else if (this.kind === Kind.done || this.kind === Kind.failed) this.#item();
    else throw damagedLog(`a record is of the unknown kind ${this.kind}.`);
    if (this.#at > this.#end || this.index >= MOST_ITEMS)
      throw damagedLog("a record does not keep to its length.");
    return true;
  }

  key(): string {
    return this.identity === "index"
      ? String(this.index)
      : this.#buffer.toString("utf8", this.#keyStart, this.#keyEnd);
  }

  /** As `table.set(record.key(), value)`, without a text of the key. */
  setKeyIn(table: KeyTable, value: number): number {
    if (this.identity === "index") return table.set(this.key(), value);
    return table.setUtf8(this.#buffer, this.#keyStart, this.#keyEnd, value);
  }

  result(): unknown {
    return decodeValue(this.#encoding, this.#rest());
  }

  /** The encoding and a copy of the bytes, for whoever decodes later. */
  encodedResult(): { readonly encoding: number; readonly bytes: Buffer } {
    return { encoding: this.#encoding, bytes: Buffer.from(this.#rest()) };
  }

  error(): ItemError {
    const parts = decodeValue(1, this.#rest());
    const [name, message] = Array.isArray(parts) ? (parts as unknown[]) : [];
    if (typeof name !== "string" || typeof message !== "string") throw damagedLog("an error has no message.");
    return { name, message };
  }

  #rest(): Buffer {
    return this.#buffer.subarray(this.#at, this.#end);
  }

  #frame(): void {
    this.#at = this.#end;
    const length = this.#count();
    this.#end = this.#at + length;
    const first = this.#buffer[this.#at++] ?? 0;
    this.kind = first & 15;
    this.#encoding = first >> 4;
  }

  #item(): void {
    if (this.identity === "index") {
      if (this.#at + 4 > this.#end) throw damagedLog("a record does not keep to its length.");
      this.fingerprint = this.#buffer.readUInt32LE(this.#at);
      this.#at += 4;
    } else {
      const length = this.#count();
      this.#keyStart = this.#at;
      this.#keyEnd = this.#at + length;
      this.#at = this.#keyEnd;
    }
    if (this.kind === Kind.failed) this.tries = this.#count();
  }

  #count(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#buffer[this.#at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }
}
