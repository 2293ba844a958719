import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { noise } from "../folder.fixture.ts";
import { type ChunkSizes, FILE_CHUNKS, LIST_CHUNKS, chunkEnd } from "./chunker.ts";
import { GEAR } from "./gear-table.ts";

/** Computed by a second implementation, in another language, from docs/checkpoint-format.md. */
const GOLDEN = {
  gear: ["e56934d8", "46468350", "bd2cf1f5"],
  table: "974a82642042e1f37eb0373a7f42a64de565b200724004513064279de2e25bd2",
  files: [138453, 184111, 268330, 336657, 360660, 364120, 587484, 331505, 349535, 224873],
  list: [45505, 8243, 41491, 38391, 41288, 10730, 20931, 44437, 10269, 859],
};

/** The SHA-512 of `<seed> 0`, `<seed> 1`, … one after the other. */
function hashes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 64) {
    createHash("sha512")
      .update(`${seed} ${at / 64}`)
      .digest()
      .copy(bytes, at);
  }
  return bytes;
}

function lengths(bytes: Uint8Array, sizes: ChunkSizes): readonly number[] {
  const found: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = chunkEnd(bytes, start, bytes.length, sizes);
    found.push(end - start);
    start = end;
  }
  return found;
}

test("the gear table is the documented one", () => {
  expect([GEAR[0], GEAR[1], GEAR[255]].map((value) => ((value ?? 0) >>> 0).toString(16))).toEqual(
    GOLDEN.gear,
  );
  const bigEndian = Buffer.alloc(1024);
  GEAR.forEach((value, at) => bigEndian.writeInt32BE(value, 4 * at));
  expect(createHash("sha256").update(bigEndian).digest("hex")).toBe(GOLDEN.table);
});

test("the same bytes are cut at the same places for ever (golden vectors)", () => {
  const bytes = hashes(3 * 1024 * 1024, 1);
  expect(lengths(bytes, FILE_CHUNKS)).toEqual(GOLDEN.files);
  expect(lengths(bytes.subarray(0, 256 * 1024), LIST_CHUNKS)).toEqual(GOLDEN.list);
  expect(lengths(Buffer.alloc(2_500_000), FILE_CHUNKS)).toEqual([1_048_576, 1_048_576, 402_848]);
});

test("every chunk but the last is between the shortest and the longest length", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 700_000 }), (seed, length) => {
      const found = lengths(noise(length, seed), LIST_CHUNKS);
      expect(found.reduce((sum, one) => sum + one, 0)).toBe(length);
      for (const one of found.slice(0, -1)) expect(one).toBeGreaterThan(LIST_CHUNKS.min);
      for (const one of found) expect(one).toBeLessThanOrEqual(LIST_CHUNKS.max);
    }),
    { numRuns: 20 },
  );
});

test("bytes inserted at the front move only the first cuts", () => {
  const bytes = noise(8 * 1024 * 1024, 2);
  const ends = (all: readonly number[]): readonly number[] => {
    let sum = 0;
    return all.map((one) => (sum += one));
  };
  const before = new Set(ends(lengths(bytes, FILE_CHUNKS)));
  const after = ends(lengths(Buffer.concat([Buffer.from("inserted"), bytes]), FILE_CHUNKS)).map(
    (end) => end - 8,
  );
  expect(after.filter((end) => !before.has(end)).length).toBeLessThan(4);
});
