import { Encoding, type EncodedValue } from "./kept-value.ts";
import { FORMAT_VERSION, HEADER_TEXT, IDENTITIES, type Identity, Kind } from "./item-log-format.ts";
import type { RecordLog } from "./items-host.ts";
import type { ItemError } from "./items.ts";

/** Records are written into pieces of memory of this size; a larger record has one to itself. */
const SLAB_BYTES = 64 * 1024;
/** Room for a record beside its key and its value: its length, kind, index, fingerprint and tries. */
const FIELDS_BYTES = 48;
/** Longer messages and names are cut: a million errors must not be a million pages. */
const LONGEST_MESSAGE = 4_000;
const LONGEST_NAME = 200;

/** Of which item a record is. */
export interface RecordedItem {
  readonly index: number;
  /** In lists whose items are known by their index: a hash of the item. */
  readonly fingerprint: number;
  /** In lists whose items are known by a key. */
  readonly key: string;
}

/** Writes the records of one list. Each is appended whole, at once, and has its bytes to itself. */
export class ItemLogWriter {
  readonly #log: RecordLog;
  readonly #identity: Identity;
  readonly #onAppend: (bytes: number) => void;
  #hasHeader: boolean;
  #slab = Buffer.alloc(0);
  /** Where the record begins that is being written, and where its next byte goes. */
  #start = 0;
  #at = 0;

  /** `onAppend` is told of each record, with its length. */
  constructor(log: RecordLog, identity: Identity, onAppend: (bytes: number) => void) {
    this.#log = log;
    this.#identity = identity;
    this.#onAppend = onAppend;
    this.#hasHeader = log.restoredBytes > 0;
  }

  done(item: RecordedItem, value: EncodedValue): void {
    this.#begin(Kind.done | (value.encoding << 4), item.key.length * 3 + roomFor(value));
    this.#item(item);
    if (value.encoding === Encoding.json) this.#text(value.text);
    if (value.encoding === Encoding.v8) this.#bytes(value.bytes);
    this.#end();
  }

  failed(item: RecordedItem, tries: number, { name, message }: ItemError): void {
    const text = JSON.stringify([name.slice(0, LONGEST_NAME), message.slice(0, LONGEST_MESSAGE)]);
    this.#begin(Kind.failed, (item.key.length + text.length) * 3);
    this.#item(item);
    this.#count(tries);
    this.#text(text);
    this.#end();
  }

  /** The item with this index begins at this byte of its file. */
  position(index: number, offset: number): void {
    this.#begin(Kind.position, 0);
    this.#count(index);
    this.#count(offset);
    this.#end();
  }

  #begin(kind: number, moreBytes: number): void {
    if (!this.#hasHeader) this.#header();
    this.#reserve(FIELDS_BYTES + moreBytes);
    this.#at = this.#start + 1;
    this.#slab[this.#at++] = kind;
  }

  #header(): void {
    this.#hasHeader = true;
    this.#begin(Kind.header, HEADER_TEXT.length);
    this.#text(HEADER_TEXT);
    this.#slab[this.#at++] = FORMAT_VERSION;
    this.#slab[this.#at++] = IDENTITIES.indexOf(this.#identity);
    this.#end();
  }

  #reserve(bytes: number): void {
    if (this.#start + bytes <= this.#slab.length) return;
    this.#slab = Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES));
    this.#start = 0;
  }

  /** Puts the record's length before it, for which one byte is free, and hands it over. */
  #end(): void {
    const length = this.#at - this.#start - 1;
    const more = countBytes(length) - 1;
    if (more > 0) this.#slab.copyWithin(this.#start + 1 + more, this.#start + 1, this.#at);
    const end = this.#at + more;
    this.#at = this.#start;
    this.#count(length);
    const slab = this.#slab;
    const record = new Uint8Array(slab.buffer, slab.byteOffset + this.#start, end - this.#start);
    this.#start = end;
    this.#log.append(record);
    this.#onAppend(record.length);
  }

  #item(item: RecordedItem): void {
    this.#count(item.index);
    if (this.#identity === "index") {
      this.#at = this.#slab.writeUInt32LE(item.fingerprint, this.#at);
      return;
    }
    this.#count(Buffer.byteLength(item.key));
    this.#text(item.key);
  }

  #count(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#slab[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#slab[this.#at++] = rest;
  }

  #text(text: string): void {
    this.#at += this.#slab.write(text, this.#at);
  }

  #bytes(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

function roomFor(value: EncodedValue): number {
  if (value.encoding === Encoding.undefined) return 0;
  if (value.encoding === Encoding.v8) return value.bytes.length;
  // Three bytes at most for each unit of UTF-16; of a long text it is counted.
  return value.text.length < SLAB_BYTES ? value.text.length * 3 : Buffer.byteLength(value.text);
}

/** How many bytes a count takes. */
function countBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
