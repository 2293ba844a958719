import { CreateBucketCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { SpotproofError } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { aroundEachCall } from "../wrappers/each-call.ts";
import { CREDENTIALS, openAt, text } from "../../../test/stages/s3-stage.ts";

const MIB = 1024 * 1024;

/** moto sometimes answers 500 to a read that races with a replacement. Reads are repeated, as the program does. */
function repeatingReads(store: Store): Store {
  return aroundEachCall(store, async (call, make) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await make(call.signal);
      } catch (error) {
        const mayPass = error instanceof SpotproofError && error.entry.retry === "may-help";
        if (call.kind !== "read" || !mayPass || tries === 5) throw error;
      }
    }
  });
}

describe.skipIf(motoMissing !== undefined)(
  `moto${motoMissing === undefined ? "" : ` (${motoMissing})`}`,
  () => {
    const moto = useMoto();
    let admin: S3Client;
    let buckets = 0;

    beforeAll(() => {
      admin = new S3Client({
        endpoint: moto.url,
        region: "us-east-1",
        forcePathStyle: true,
        credentials: CREDENTIALS,
      });
    });
    afterAll(() => admin?.destroy());

    async function bucket(): Promise<string> {
      buckets += 1;
      const name = `bucket-${buckets}`;
      await admin.send(new CreateBucketCommand({ Bucket: name }));
      return name;
    }

    describeStoreContract({
      name: "a store in S3 (moto)",
      open: async () => repeatingReads((await openAt(moto.url, { path: `${await bucket()}/a/b` })).store),
    });

    // Racing completions are left to the fake: moto tests their condition and stores the object in two steps.
    test("an object in parts of S3's smallest size comes back, and a second one finds it", async () => {
      const limits = { multipartAboveBytes: 6 * MIB, partBytes: 5 * MIB };
      const opened = await openAt(moto.url, { path: await bucket(), limits });
      const { store } = opened;
      const content = Buffer.alloc(12 * MIB, "spotproof");
      expect(await store.create("large", [content.subarray(0, MIB), content.subarray(MIB)])).toBe("created");
      expect(await store.create("large", [Buffer.alloc(12 * MIB)])).toBe("exists");
      expect((await store.read("large"))?.equals(content)).toBe(true);
      const middle = await store.read("large", { range: { offset: 5 * MIB - 3, length: 6 } });
      expect(middle?.equals(content.subarray(5 * MIB - 3, 5 * MIB + 3))).toBe(true);
      expect(await opened.sweep()).toBeGreaterThanOrEqual(0);
    });

    test("the storage class is that of large objects only, and the KMS key of all", async () => {
      const name = await bucket();
      const parameters = "&storage-class=STANDARD_IA&sse-kms-key=aws/s3";
      const { store } = await openAt(moto.url, { path: name, parameters });
      await store.create("small", text("x"));
      await store.create("large", [Buffer.alloc(128 * 1024)]);
      const head = (Key: string) => admin.send(new HeadObjectCommand({ Bucket: name, Key }));
      expect((await head("large")).StorageClass).toBe("STANDARD_IA");
      expect((await head("small")).StorageClass).toBeUndefined();
      expect((await head("small")).ServerSideEncryption).toBe("aws:kms");
    });

    test("more objects than a page holds are all listed, with the folders", async () => {
      const { store } = await openAt(moto.url, { path: await bucket() });
      const keys = Array.from({ length: 1050 }, (_, i) => `many/${String(i).padStart(5, "0")}/x`);
      for (let i = 0; i < keys.length; i += 50)
        await Promise.all(keys.slice(i, i + 50).map((key) => store.create(key, text(""))));
      expect((await store.list("many/")).map(({ key }) => key)).toEqual(keys);
      expect(await store.listFolders("many/")).toHaveLength(1050);
    });

    test("a bucket that does not exist is named, and not created", async () => {
      await expect(openAt(moto.url, { path: "nothing-here" })).rejects.toMatchObject({
        code: "store-unreachable",
        message: expect.stringMatching(/s3:\/\/nothing-here.*bucket does not exist/) as string,
      });
    });
  },
);
