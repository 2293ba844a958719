import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import loadWabt from "wabt";
import { KEY_HASH, KeyHash } from "./key-hash.ts";

const SECRET = Uint8Array.from({ length: 16 }, (_, at) => at);

test("what is built in is what the text says", async () => {
  const wabt = await loadWabt();
  const text = readFileSync(join(import.meta.dirname, "key-hash.wat"), "utf8");
  const { buffer } = wabt.parseWat("key-hash.wat", text, {}).toBinary({});
  expect(Buffer.from(buffer).toString("base64")).toBe(KEY_HASH);
});

test("the hash is SipHash-2-4 of 128 bits: the first values that its authors published", () => {
  const hash = new KeyHash(SECRET);
  hash.utf8(SECRET, 0, 0);
  expect(hexOf(hash)).toBe("a3817f04ba25a8e66df67214c7550293");
  hash.utf8(SECRET, 0, 1);
  expect(hexOf(hash)).toBe("da87c1d86b99af44347659119b22fc45");
});

test("bytes of every length up to some words have the hash that they should have", () => {
  const hash = new KeyHash(SECRET);
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 151) & 255));
  for (let length = 0; length <= 290; length += 1) {
    hash.utf8(bytes, 3, 3 + length);
    expect(hexOf(hash), `${length} bytes`).toBe(sipHash(SECRET, bytes.subarray(3, 3 + length)));
  }
});

test("a text has the hash of its UTF-8, whatever it is made of and whatever was hashed before", () => {
  const hash = new KeyHash(SECRET);
  const texts = fc.array(fc.string({ unit: "binary", maxLength: 200 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(texts, (some) => {
      for (const text of some) {
        const bytes = Buffer.from(text);
        hash.text(text);
        const ofText = hexOf(hash);
        hash.utf8(bytes, 0, bytes.length);
        expect(ofText).toBe(hexOf(hash));
        expect(ofText).toBe(sipHash(SECRET, bytes));
      }
    }),
  );
});

test("what is longer than the memory makes it larger", () => {
  const hash = new KeyHash(SECRET);
  for (const text of ["ü".repeat(40_000), "x".repeat(200_000), "short"]) {
    const bytes = Buffer.from(text);
    hash.text(text);
    expect(hexOf(hash)).toBe(sipHash(SECRET, bytes));
    const fresh = new KeyHash(SECRET);
    fresh.utf8(bytes, 0, bytes.length);
    expect(hexOf(fresh)).toBe(hexOf(hash));
  }
});

test("each hash has a secret of its own", () => {
  const [one, other] = [new KeyHash(), new KeyHash()];
  one.text("item-1");
  other.text("item-1");
  expect(hexOf(one)).not.toBe(hexOf(other));
});

function hexOf({ words }: KeyHash): string {
  return Buffer.from(words.buffer, words.byteOffset, 16).toString("hex");
}

type State = [bigint, bigint, bigint, bigint];

/** The same in the plainest words. */
function sipHash(secret: Uint8Array, input: Uint8Array): string {
  const [k0, k1] = [Buffer.from(secret).readBigUInt64LE(0), Buffer.from(secret).readBigUInt64LE(8)];
  const state: State = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn ^ 0xeen,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const padded = Buffer.alloc((Math.floor(input.length / 8) + 1) * 8);
  padded.set(input);
  padded[padded.length - 1] = input.length & 255;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    state[3] ^= word;
    rounds(state, 2);
    state[0] ^= word;
  }
  const result = Buffer.alloc(16);
  state[2] ^= 0xeen;
  rounds(state, 4);
  result.writeBigUInt64LE(state[0] ^ state[1] ^ state[2] ^ state[3], 0);
  state[1] ^= 0xddn;
  rounds(state, 4);
  result.writeBigUInt64LE(state[0] ^ state[1] ^ state[2] ^ state[3], 8);
  return result.toString("hex");
}

function rounds(state: State, count: number): void {
  let [v0, v1, v2, v3] = state;
  for (let round = 0; round < count; round += 1) {
    v0 = BigInt.asUintN(64, v0 + v1);
    v1 = turned(v1, 13n) ^ v0;
    v0 = turned(v0, 32n);
    v2 = BigInt.asUintN(64, v2 + v3);
    v3 = turned(v3, 16n) ^ v2;
    v0 = BigInt.asUintN(64, v0 + v3);
    v3 = turned(v3, 21n) ^ v0;
    v2 = BigInt.asUintN(64, v2 + v1);
    v1 = turned(v1, 17n) ^ v2;
    v2 = turned(v2, 32n);
  }
  state.splice(0, 4, v0, v1, v2, v3);
}

function turned(value: bigint, bits: bigint): bigint {
  return BigInt.asUintN(64, value << bits) | (value >> (64n - bits));
}
