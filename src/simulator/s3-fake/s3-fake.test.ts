import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { type S3FakeOptions, startS3Fake } from "./index.ts";

/** A fake, and the SDK as anybody uses it: with its default checksums and repetitions. */
async function stage(options?: S3FakeOptions) {
  const fake = await startS3Fake(options);
  const client = new S3Client({
    endpoint: fake.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  onTestFinished(async () => {
    client.destroy();
    await fake.close();
  });
  return { fake, client };
}

const Bucket = "bucket";

test("the SDK's own requests are understood, streams with checksums behind them included", async () => {
  const { client } = await stage();
  await client.send(new HeadBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: Buffer.alloc(3_000_000, "a") }));
  const stream = Readable.from([Buffer.alloc(70_000, "b"), Buffer.alloc(70_000, "c")]);
  await client.send(new PutObjectCommand({ Bucket, Key: "b c", Body: stream, ContentLength: 140_000 }));
  const whole = await client.send(new GetObjectCommand({ Bucket, Key: "b c" }));
  expect(await whole.Body?.transformToString()).toBe("b".repeat(70_000) + "c".repeat(70_000));
  const part = await client.send(new GetObjectCommand({ Bucket, Key: "b c", Range: "bytes=69999-70000" }));
  expect([await part.Body?.transformToString(), part.ContentRange]).toEqual([
    "bc",
    "bytes 69999-70000/140000",
  ]);
  expect((await client.send(new HeadObjectCommand({ Bucket, Key: "a" }))).ContentLength).toBe(3_000_000);
});

test("conditions on writes are kept to", async () => {
  const { client } = await stage();
  const put = (condition: object) =>
    client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x", ...condition }));
  await expect(put({ IfMatch: '"x"' })).rejects.toMatchObject({ name: "NoSuchKey" });
  const { ETag } = await put({ IfNoneMatch: "*" });
  await expect(put({ IfNoneMatch: "*" })).rejects.toMatchObject({ name: "PreconditionFailed" });
  await expect(put({ IfNoneMatch: '"x"' })).rejects.toMatchObject({ name: "NotImplemented" });
  await put({ IfMatch: ETag });
  await expect(put({ IfMatch: ETag })).rejects.toMatchObject({ name: "PreconditionFailed" });
});

test("a body that does not match its checksum is refused and not kept", async () => {
  const { fake, client } = await stage();
  const wrong = Buffer.alloc(32).toString("base64");
  const put = new PutObjectCommand({ Bucket, Key: "a", Body: "x", ChecksumSHA256: wrong });
  await expect(client.send(put)).rejects.toMatchObject({ name: "BadDigest" });
  expect(fake.shelf().objects.size).toBe(0);
});

test("a listing with folders goes on where its page ended", async () => {
  const { client } = await stage();
  const keys = ["a/1", "a/2", "b", "c/1/x", "c/2", "d"];
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: "b" }));
  const seen: (string | undefined)[] = [];
  let from: string | undefined;
  do {
    const command = new ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 1, ContinuationToken: from });
    const page = await client.send(command);
    seen.push(
      ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ...(page.Contents ?? []).map(({ Key }) => Key),
    );
    from = page.NextContinuationToken;
  } while (from !== undefined);
  expect(seen).toEqual(["a/", "c/", "d"]);
});

test("a fault befalls its share of the requests at which it is aimed, as often as was said", async () => {
  const { fake, client } = await stage();
  fake.fault({ kind: "answer", status: 400, code: "Broken", on: ["put"], share: 0.5 });
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) =>
      client.send(new PutObjectCommand({ Bucket, Key: `${i}`, Body: "x" })),
    ),
  );
  const failed = results.filter(({ status }) => status === "rejected").length;
  expect(failed).toBeGreaterThan(30);
  expect(failed).toBeLessThan(70);
  expect(fake.shelf().objects.size).toBe(100 - failed);
  expect(fake.counts).toEqual({ put: 100 });
});

test("a fault that there is not is refused", async () => {
  const { fake } = await stage();
  // As from a file that nothing has checked.
  const kind = "explode" as "hang";
  expect(() => fake.fault({ kind })).toThrow(expect.objectContaining({ code: "bad-usage" }));
});
