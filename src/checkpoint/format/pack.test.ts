import * as fc from "fast-check";
import { expect, test } from "vitest";
import { attemptNumber, packId } from "../../base/index.ts";
import { noise } from "../folder.fixture.ts";
import { type ChunkRef, chunkHash } from "./chunk.ts";
import { BEST_CODEC, encode } from "./codec.ts";
import { zstd } from "./compat.ts";
import { PACK_HEADER_BYTES, PackBuilder, RECORD_HEADER_BYTES, readPackIndex, readRecord } from "./pack.ts";

const ID = packId(attemptNumber(1), 1);

async function samplePack(): Promise<{
  readonly pack: Buffer;
  readonly refs: readonly ChunkRef[];
  readonly raws: readonly Buffer[];
}> {
  const builder = new PackBuilder(ID, Buffer.alloc(8192));
  const raws = [noise(300, 1), Buffer.alloc(2000, "text that compresses "), Buffer.from("x")];
  for (const [at, raw] of raws.entries()) {
    const codec = at === 1 ? "gzip" : "raw";
    builder.append(chunkHash(raw), raw.length, codec, codec === "gzip" ? await encode("gzip", raw) : raw);
  }
  return { pack: Buffer.from(builder.finish()), refs: builder.refs, raws };
}

function recordOf(pack: Buffer, ref: ChunkRef): Buffer {
  return pack.subarray(ref.offset, ref.offset + RECORD_HEADER_BYTES + ref.storedBytes);
}

test("chunks come back from a pack, raw or compressed", async () => {
  const { pack, refs, raws } = await samplePack();
  for (const [at, ref] of refs.entries()) {
    expect(Buffer.from(await readRecord(ref, recordOf(pack, ref))).equals(raws[at] as Buffer)).toBe(true);
  }
});

test("the index of a pack can be rebuilt from the pack alone", async () => {
  const { pack, refs } = await samplePack();
  const index = readPackIndex(ID, pack);
  expect(index).toEqual(refs.map(({ pack: _pack, ...chunk }, at) => ({ ...chunk, codec: at === 1 ? 1 : 0 })));
});

test("C01: one flipped bit anywhere in a pack is found, or means nothing to the bytes that come out", async () => {
  const { pack, refs, raws } = await samplePack();
  const verify = async (): Promise<void> => {
    for (const [at, ref] of refs.entries()) {
      const raw = Buffer.from(await readRecord(ref, recordOf(pack, ref)));
      expect(raw.equals(raws[at] as Buffer)).toBe(true);
    }
    readPackIndex(ID, pack);
  };
  await verify();
  // A gzip stream has a time, flags and padding that do not change what comes out of it.
  const gzipStart = (refs[1]?.offset ?? 0) + RECORD_HEADER_BYTES;
  const gzipEnd = gzipStart + (refs[1]?.storedBytes ?? 0);
  for (let bit = 0; bit < pack.length * 8; bit += 1) {
    const at = bit >> 3;
    pack[at] = (pack[at] as number) ^ (1 << (bit & 7));
    const outcome = await verify().catch((error: unknown) => error);
    if (outcome !== undefined || at < gzipStart || at >= gzipEnd) {
      expect(outcome, `bit ${bit}`).toMatchObject({ code: "checkpoint-damaged" });
    }
    pack[at] = pack[at] ^ (1 << (bit & 7));
  }
});

test("C01: a pack that was cut off anywhere is found", async () => {
  const { pack, refs } = await samplePack();
  for (let length = 0; length < pack.length; length += 1) {
    expect(() => readPackIndex(ID, pack.subarray(0, length))).toThrow(/checkpoint-damaged/);
  }
  const ref = refs[1] as ChunkRef;
  const short = recordOf(pack, ref).subarray(0, -1);
  await expect(readRecord(ref, short)).rejects.toThrow(/ends too early/);
});

test("a codec that this Node.js lacks is named, and is not taken for damage", async () => {
  const raw = noise(100, 3);
  const builder = new PackBuilder(ID, Buffer.alloc(1024));
  const ref = builder.append(chunkHash(raw), raw.length, "zstd", raw);
  const expected = zstd === undefined ? "codec-unavailable" : "checkpoint-damaged";
  await expect(readRecord(ref, recordOf(builder.finish(), ref))).rejects.toMatchObject({ code: expected });
});

test("a chunk that claims to be short cannot fill the memory when it is decompressed", async () => {
  const builder = new PackBuilder(ID, Buffer.alloc(65_536));
  const bomb = await encode(BEST_CODEC.codec, Buffer.alloc(4_000_000));
  const ref = builder.append(chunkHash(Buffer.from("x")), 1, BEST_CODEC.codec, bomb);
  await expect(readRecord(ref, recordOf(builder.finish(), ref))).rejects.toMatchObject({
    code: "checkpoint-damaged",
  });
});

test("a pack is never larger than its buffer", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 60 }), (sizes) => {
      const builder = new PackBuilder(ID, Buffer.alloc(4096));
      for (const [seed, size] of sizes.entries()) {
        const raw = noise(size + 1, seed);
        if (builder.fits(raw.length)) builder.append(chunkHash(raw), raw.length, "raw", raw);
      }
      const pack = builder.finish();
      expect(pack.length).toBeLessThanOrEqual(4096);
      expect(readPackIndex(ID, pack).length).toBe(builder.refs.length);
      expect(builder.refs[0]?.offset ?? PACK_HEADER_BYTES).toBe(PACK_HEADER_BYTES);
    }),
  );
});
