import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { WASM_PAGE_BYTES, type WasmMemory, wasm } from "../../base/index.ts";

/** `key-hash.wat`, assembled. A test assembles it anew and compares. */
export const KEY_HASH = [
  "AGFzbQEAAAABBQFgAX8AAwIBAAUDAQABBxECBm1lbW9yeQIABGhhc2gAAAqqAwGnAwIFfgN/QQApAwBC9crNg9es27fzAIUhAUEIKQMA",
  "QoPfkfOWzNy35ACFIQJBACkDAELh5JXz1uzZvOwAhSEDQQgpAwBC88rRy6eM2bL0AIUhBEEgIQZBICAAQXhxaiEHA0AgBikDACEFIAYg",
  "B0YEQCAFQgEgAEEHcUEDdK2GQgF9gyAArUI4hoQhBQsgBCAFhSEEQQIhCANAIAEgAnwhASACQg2JIAGFIQIgAUIgiSEBIAMgBHwhAyAE",
  "QhCJIAOFIQQgASAEfCEBIARCFYkgAYUhBCADIAJ8IQMgAkIRiSADhSECIANCIIkhAyAIQQFrIggNAAsgASAFhSEBIAZBCGohBiAGIAdN",
  "DQALIANC7gGFIQNBCCEIA0AgASACfCEBIAJCDYkgAYUhAiABQiCJIQEgAyAEfCEDIARCEIkgA4UhBCABIAR8IQEgBEIViSABhSEEIAMg",
  "AnwhAyACQhGJIAOFIQIgA0IgiSEDIAhBAWshCCAIQQRGBEBBECABIAKFIAMgBIWFNwMAIAJC3QGFIQILIAgNAAtBGCABIAKFIAMgBIWF",
  "NwMACw==",
].join("");

/** How the memory is divided; `key-hash.wat` says the same. */
const SECRET_BYTES = 16;
const RESULT_AT = 16;
const INPUT_AT = 32;
/** Behind the input the last word may end. */
const WORD_BYTES = 8;
/** Up to so many characters or bytes a loop is quicker than a call. */
const SHORT = 64;

/**
 * SipHash-2-4 of 128 bits under a secret that nobody else has: who does not know it cannot tell two keys with the same hash, and so
 * cannot choose any. Hashes of two secrets have nothing to do with each other; none is ever stored.
 */
export class KeyHash {
  readonly #memory: WasmMemory;
  readonly #hash: (length: number) => void;
  #bytes: Buffer;
  #words: Uint32Array;

  /** `secret`: 16 bytes. Random ones, unless the result is to be compared with somebody else's. */
  constructor(secret: Uint8Array = randomBytes(SECRET_BYTES)) {
    const { exports } = new wasm.Instance(new wasm.Module(Buffer.from(KEY_HASH, "base64")), {});
    this.#memory = exports["memory"] as WasmMemory;
    this.#hash = exports["hash"] as (length: number) => void;
    this.#bytes = Buffer.from(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer, RESULT_AT, 4);
    this.#bytes.set(secret.subarray(0, SECRET_BYTES));
  }

  /** The hash of what was hashed last: four words, in place. The next hash overwrites them. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Hashes a text as its UTF-8. */
  text(text: string): void {
    this.#hash(this.#writeShort(text) ? text.length : this.#write(text));
  }

  /** Hashes bytes from `start` to `end`: the same as a text whose UTF-8 they are. */
  utf8(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#makeRoom(length);
    const bytes = this.#bytes;
    if (length > SHORT) bytes.set(source.subarray(start, end), INPUT_AT);
    else for (let at = 0; at < length; at += 1) bytes[INPUT_AT + at] = source[start + at] ?? 0;
    this.#hash(length);
  }

  /** Writes a short text of ASCII; false for another one. */
  #writeShort(text: string): boolean {
    const { length } = text;
    if (length > SHORT) return false;
    const bytes = this.#bytes;
    for (let at = 0; at < length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit > 127) return false;
      bytes[INPUT_AT + at] = unit;
    }
    return true;
  }

  /** Gives how many bytes it is. */
  #write(text: string): number {
    this.#makeRoom(3 * text.length);
    return this.#bytes.write(text, INPUT_AT);
  }

  #makeRoom(bytes: number): void {
    const missing = INPUT_AT + bytes + WORD_BYTES - this.#bytes.length;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
    this.#bytes = Buffer.from(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer, RESULT_AT, 4);
  }
}
