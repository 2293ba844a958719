import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import loadWabt from "wabt";
import { noise } from "../folder.fixture.ts";
import { FILE_CHUNKS, LIST_CHUNKS, chunkEnd } from "./chunker.ts";
import { BYTE_LOOPS, GEAR_BYTES, byteLoopsIn } from "./byte-loops.ts";
import { wasmMemory } from "../../base/index.ts";

const MIB = 1024 * 1024;

test("what is built in is what the text says", async () => {
  const wabt = await loadWabt();
  const text = readFileSync(join(import.meta.dirname, "byte-loops.wat"), "utf8");
  const { buffer } = wabt.parseWat("byte-loops.wat", text, { threads: true, bulk_memory: true }).toBinary({});
  expect(BYTE_LOOPS).toBe(Buffer.from(buffer).toString("base64"));
});

test("it cuts where the loop in JavaScript cuts, wherever a chunk begins and the bytes at hand end", () => {
  const memory = wasmMemory(GEAR_BYTES + 4 * MIB, true);
  const { findCut: find } = byteLoopsIn(memory);
  const inside = Buffer.from(memory.buffer, GEAR_BYTES, 4 * MIB);
  noise(4 * MIB, 7).copy(inside);
  inside.fill(0, MIB, MIB + 700_000); // a run in which nothing is cut
  const outside = Buffer.from(inside);
  for (const sizes of [FILE_CHUNKS, LIST_CHUNKS]) {
    fc.assert(
      fc.property(fc.nat(4 * MIB - 1), fc.nat(2 * MIB), (start, length) => {
        const end = Math.min(4 * MIB, start + 1 + length);
        expect(chunkEnd(inside, start, end, sizes, find)).toBe(chunkEnd(outside, start, end, sizes));
      }),
      { numRuns: 200 },
    );
  }
});

test("it copies what lies in the memory and what does not, and never beyond the end of the target", () => {
  const memory = wasmMemory(MIB, true);
  const { copy } = byteLoopsIn(memory);
  const inside = Buffer.from(memory.buffer, GEAR_BYTES, 1000);
  const source = Buffer.from(memory.buffer, 500_000, 100);
  noise(100, 1).copy(source);
  copy(inside, 10, source);
  expect(inside.subarray(10, 110).equals(source)).toBe(true);
  copy(inside, 900, noise(100, 2));
  expect(inside.subarray(900).equals(noise(100, 2))).toBe(true);
  const outside = Buffer.alloc(200);
  copy(outside, 100, source);
  expect(outside.subarray(100).equals(source)).toBe(true);
  for (const target of [inside, Buffer.alloc(1000)])
    for (const from of [source, noise(100, 3)]) expect(() => copy(target, 901, from)).toThrow(RangeError);
});
