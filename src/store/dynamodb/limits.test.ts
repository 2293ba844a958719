import { describe, expect, test } from "vitest";
import { dynamoDbStage } from "../../../test/stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { LARGEST_INLINE_BYTES, PART_BYTES } from "./items.ts";

const LONGEST_PREFIX = "p".repeat(512);

/** Bytes of which every stretch is different, so that a part at the wrong place shows. */
function counted(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

describe.skipIf(motoMissing !== undefined)(
  `the limits of DynamoDB${motoMissing ? ` (${motoMissing})` : ""}`,
  () => {
    const moto = useMoto();

    test.each([
      LARGEST_INLINE_BYTES,
      LARGEST_INLINE_BYTES + 1,
      PART_BYTES - 1,
      PART_BYTES,
      PART_BYTES + 1,
      2 * PART_BYTES,
    ])("K19: %i bytes come back as they were, in any range, also with the longest keys", async (size) => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open({ prefix: LONGEST_PREFIX });
      const bytes = counted(size);
      const key = `${"k".repeat(1000)}/${"x".repeat(23)}`;
      // Pieces that do not meet the borders of the parts.
      const pieces = [
        bytes.subarray(0, 7),
        bytes.subarray(7, PART_BYTES - 3),
        bytes.subarray(PART_BYTES - 3),
      ];
      expect(await store.create(key, pieces)).toBe("created");
      expect((await store.read(key))?.equals(bytes)).toBe(true);
      for (const offset of [0, 1, PART_BYTES - 2, PART_BYTES, size - 1, size, size + 1]) {
        const part = await store.read(key, { range: { offset, length: 5 } });
        expect(part?.equals(bytes.subarray(offset, offset + 5))).toBe(true);
      }
      expect(await store.list(`${"k".repeat(1000)}/`)).toEqual([{ key, sizeBytes: size }]);
      expect(await store.listFolders("")).toEqual(["k".repeat(1000)]);
      expect(await store.list(`${"k".repeat(1022)}/`)).toEqual([]);
      expect(await store.list(`${"k".repeat(1023)}/`)).toEqual([]);
      expect(await store.listFolders(`${"k".repeat(1023)}/`)).toEqual([]);
      await store.remove(key);
      expect(await stage.uploads(LONGEST_PREFIX)).toEqual({ parts: 0, records: 0 });
    });

    test("a key of more than 1,024 bytes is refused before anything is sent", async () => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      const sent = stage.proxy.operations.length;
      const key = "k".repeat(1025);
      for (const call of [store.create(key, []), store.replace(key, []), store.read(key), store.remove(key)])
        await expect(call).rejects.toMatchObject({ code: "internal" });
      expect(stage.proxy.operations.length).toBe(sent);
    });

    test("a range asks for the parts that it lies in and no others", async () => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      await store.create("p", [counted(5 * PART_BYTES)]);
      const sent = stage.proxy.operations.length;
      const into = Buffer.alloc(100);
      const read = await store.read("p", { range: { offset: 2 * PART_BYTES - 8, length: 16 }, into });
      expect(read?.equals(counted(5 * PART_BYTES).subarray(2 * PART_BYTES - 8, 2 * PART_BYTES + 8))).toBe(
        true,
      );
      expect(read?.buffer).toBe(into.buffer);
      expect(stage.proxy.operations.slice(sent)).toEqual(["GetItem", "GetItem", "GetItem"]);
    });

    test("a listing goes through all pages, and folders cost a request each however much is in them", async () => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      const keys = ["a", "b", "b-c"].flatMap((folder) =>
        Array.from({ length: 70 }, (_, i) => `jobs/${folder}/packs/${String(i).padStart(6, "0")}`),
      );
      for (const key of [...keys, "jobs/z"]) await store.create(key, [Buffer.alloc(20_000)]);
      const sent = stage.proxy.operations.length;
      expect((await store.list("jobs/")).map(({ key }) => key)).toEqual([...keys, "jobs/z"].sort());
      // 211 heads of 20 KB: a page of DynamoDB ends at 1 MB.
      expect(stage.proxy.operations.length - sent).toBeGreaterThan(4);
      const listed = stage.proxy.operations.length;
      expect(await store.listFolders("jobs/")).toEqual(["a", "b", "b-c"]);
      expect(stage.proxy.operations.length - listed).toBeLessThanOrEqual(4);
    });

    test("four parts are under way at a time, not more", async () => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      let most = 0;
      let now = 0;
      stage.proxy.fault = ({ operation, body }) => {
        if (operation !== "PutItem" || !body.includes("#part#")) return undefined;
        now += 1;
        most = Math.max(most, now);
        const until = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
          now -= 1;
        });
        return { kind: "wait", until };
      };
      await store.create("p", [counted(12 * PART_BYTES)]);
      expect(most).toBeLessThanOrEqual(4);
    });
  },
);
