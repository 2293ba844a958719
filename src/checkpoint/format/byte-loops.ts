import { Buffer } from "node:buffer";
import { type FindCut, findCut } from "./chunker.ts";
import { GEAR } from "./gear-table.ts";
import { type WasmMemory, wasm } from "../../base/index.ts";

/** `byte-loops.wat`, assembled. A test assembles it anew and compares. */
export const BYTE_LOOPS = [
  "AGFzbQEAAAABEAJgBX9/f39/AX9gA39/fwACEgEDZW52Bm1lbW9yeQIDAYCABAMDAgABBxMCCGZpbmRfY3V0AAAEY29weQABCr4F",
  "Aq4FAQF/IAFBEGshBQJAA0AgACAFSg0BIAJBAXQgBCAALQAAQQJ0aigCAGohAiACIANxRQRAIABBAWoPCyACQQF0IAQgAC0AAUEC",
  "dGooAgBqIQIgAiADcUUEQCAAQQJqDwsgAkEBdCAEIAAtAAJBAnRqKAIAaiECIAIgA3FFBEAgAEEDag8LIAJBAXQgBCAALQADQQJ0",
  "aigCAGohAiACIANxRQRAIABBBGoPCyACQQF0IAQgAC0ABEECdGooAgBqIQIgAiADcUUEQCAAQQVqDwsgAkEBdCAEIAAtAAVBAnRq",
  "KAIAaiECIAIgA3FFBEAgAEEGag8LIAJBAXQgBCAALQAGQQJ0aigCAGohAiACIANxRQRAIABBB2oPCyACQQF0IAQgAC0AB0ECdGoo",
  "AgBqIQIgAiADcUUEQCAAQQhqDwsgAkEBdCAEIAAtAAhBAnRqKAIAaiECIAIgA3FFBEAgAEEJag8LIAJBAXQgBCAALQAJQQJ0aigC",
  "AGohAiACIANxRQRAIABBCmoPCyACQQF0IAQgAC0ACkECdGooAgBqIQIgAiADcUUEQCAAQQtqDwsgAkEBdCAEIAAtAAtBAnRqKAIA",
  "aiECIAIgA3FFBEAgAEEMag8LIAJBAXQgBCAALQAMQQJ0aigCAGohAiACIANxRQRAIABBDWoPCyACQQF0IAQgAC0ADUECdGooAgBq",
  "IQIgAiADcUUEQCAAQQ5qDwsgAkEBdCAEIAAtAA5BAnRqKAIAaiECIAIgA3FFBEAgAEEPag8LIAJBAXQgBCAALQAPQQJ0aigCAGoh",
  "AiACIANxRQRAIABBEGoPCyAAQRBqIQAMAAsLAkADQCAAIAFPDQEgAkEBdCAEIAAtAABBAnRqKAIAaiECIAIgA3FFBEAgAEEBag8L",
  "IABBAWohAAwACwtBfwsMACAAIAEgAvwKAAAL",
].join("");

/** Room that the table of the gear hash takes in the memory. */
export const GEAR_BYTES = 1024;

/** Loops over bytes that lie in one memory. */
export interface ByteLoops {
  /** As `findCut` of the chunker; quick for bytes that lie in the memory. */
  readonly findCut: FindCut;
  /** Copies bytes into a buffer; quick where both lie in the memory. */
  readonly copy: (target: Buffer, at: number, source: Uint8Array) => void;
}

/** The loops for one memory, whose first `GEAR_BYTES` become the table of the gear hash. */
export function byteLoopsIn(memory: WasmMemory): ByteLoops {
  const { buffer } = memory;
  new Int32Array(buffer, 0, GEAR.length).set(GEAR);
  const { exports } = new wasm.Instance(new wasm.Module(Buffer.from(BYTE_LOOPS, "base64")), {
    env: { memory },
  });
  const find = exports["find_cut"] as (...args: readonly number[]) => number;
  const copy = exports["copy"] as (...args: readonly number[]) => void;
  return {
    findCut: (bytes, from, until, startHash, mask) => {
      if (bytes.buffer !== buffer) return findCut(bytes, from, until, startHash, mask);
      const base = bytes.byteOffset;
      const cut = find(base + from, base + until, startHash, mask, 0);
      return cut === -1 ? -1 : cut - base;
    },
    copy: (target, at, source) => {
      if (target.buffer !== buffer || source.buffer !== buffer) target.set(source, at);
      else if (at + source.length <= target.length)
        copy(target.byteOffset + at, source.byteOffset, source.length);
      else throw new RangeError("The source does not fit into the target.");
    },
  };
}
