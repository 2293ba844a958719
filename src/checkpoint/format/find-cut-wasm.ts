import { Buffer } from "node:buffer";
import { type FindCut, findCut } from "./chunker.ts";
import { GEAR } from "./gear-table.ts";
import { type WasmMemory, wasm } from "./wasm.ts";

/** `find-cut.wat`, assembled. A test assembles it anew and compares. */
export const FIND_CUT_WASM = [
  "AGFzbQEAAAABCgFgBX9/f39/AX8CEgEDZW52Bm1lbW9yeQIDAYCABAMCAQAHDAEIZmluZF9jdXQAAAqxBQGuBQEBfyABQRBrIQUC",
  "QANAIAAgBUoNASACQQF0IAQgAC0AAEECdGooAgBqIQIgAiADcUUEQCAAQQFqDwsgAkEBdCAEIAAtAAFBAnRqKAIAaiECIAIgA3FF",
  "BEAgAEECag8LIAJBAXQgBCAALQACQQJ0aigCAGohAiACIANxRQRAIABBA2oPCyACQQF0IAQgAC0AA0ECdGooAgBqIQIgAiADcUUE",
  "QCAAQQRqDwsgAkEBdCAEIAAtAARBAnRqKAIAaiECIAIgA3FFBEAgAEEFag8LIAJBAXQgBCAALQAFQQJ0aigCAGohAiACIANxRQRA",
  "IABBBmoPCyACQQF0IAQgAC0ABkECdGooAgBqIQIgAiADcUUEQCAAQQdqDwsgAkEBdCAEIAAtAAdBAnRqKAIAaiECIAIgA3FFBEAg",
  "AEEIag8LIAJBAXQgBCAALQAIQQJ0aigCAGohAiACIANxRQRAIABBCWoPCyACQQF0IAQgAC0ACUECdGooAgBqIQIgAiADcUUEQCAA",
  "QQpqDwsgAkEBdCAEIAAtAApBAnRqKAIAaiECIAIgA3FFBEAgAEELag8LIAJBAXQgBCAALQALQQJ0aigCAGohAiACIANxRQRAIABB",
  "DGoPCyACQQF0IAQgAC0ADEECdGooAgBqIQIgAiADcUUEQCAAQQ1qDwsgAkEBdCAEIAAtAA1BAnRqKAIAaiECIAIgA3FFBEAgAEEO",
  "ag8LIAJBAXQgBCAALQAOQQJ0aigCAGohAiACIANxRQRAIABBD2oPCyACQQF0IAQgAC0AD0ECdGooAgBqIQIgAiADcUUEQCAAQRBq",
  "DwsgAEEQaiEADAALCwJAA0AgACABTw0BIAJBAXQgBCAALQAAQQJ0aigCAGohAiACIANxRQRAIABBAWoPCyAAQQFqIQAMAAsLQX8L",
].join("");

/** Room that the table of the gear hash takes in the memory. */
export const GEAR_BYTES = 1024;

/**
 * A `FindCut` that is quick for bytes that lie in this memory: it gives what the one in JavaScript gives. The
 * first `GEAR_BYTES` of the memory become its table.
 */
export function findCutIn(memory: WasmMemory): FindCut {
  new Int32Array(memory.buffer, 0, GEAR.length).set(GEAR);
  const module = new wasm.Module(Buffer.from(FIND_CUT_WASM, "base64"));
  const { exports } = new wasm.Instance(module, { env: { memory } });
  const find = exports["find_cut"] as (
    at: number,
    end: number,
    hash: number,
    mask: number,
    gear: number,
  ) => number;
  return (bytes, from, until, startHash, mask) => {
    if (bytes.buffer !== memory.buffer) return findCut(bytes, from, until, startHash, mask);
    const base = bytes.byteOffset;
    const cut = find(base + from, base + until, startHash, mask, 0);
    return cut === -1 ? -1 : cut - base;
  };
}
