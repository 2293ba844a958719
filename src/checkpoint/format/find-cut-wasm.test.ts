import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import loadWabt from "wabt";
import { noise } from "../folder.fixture.ts";
import { FILE_CHUNKS, LIST_CHUNKS, chunkEnd } from "./chunker.ts";
import { FIND_CUT_WASM, GEAR_BYTES, findCutIn } from "./find-cut-wasm.ts";
import { wasmMemory } from "./wasm.ts";

const MIB = 1024 * 1024;

test("what is built in is what the text says", async () => {
  const wabt = await loadWabt();
  const text = readFileSync(join(import.meta.dirname, "find-cut.wat"), "utf8");
  const { buffer } = wabt.parseWat("find-cut.wat", text, { threads: true }).toBinary({});
  expect(FIND_CUT_WASM).toBe(Buffer.from(buffer).toString("base64"));
});

test("it cuts where the loop in JavaScript cuts, wherever a chunk begins and the bytes at hand end", () => {
  const memory = wasmMemory(GEAR_BYTES + 4 * MIB, true);
  const find = findCutIn(memory);
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
