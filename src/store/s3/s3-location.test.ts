import { expect, test } from "vitest";
import { parseS3Location } from "./index.ts";

test("a bucket alone is enough", () => {
  expect(parseS3Location("s3://my-bucket")).toEqual({
    bucket: "my-bucket",
    prefix: "",
    region: undefined,
    endpoint: undefined,
    pathStyle: false,
    storageClass: undefined,
    kmsKey: undefined,
    profile: undefined,
    requesterPays: false,
    checksums: true,
  });
});

test("everything can be said in the URL", () => {
  const key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  const url = `S3://b.c-1/jobs/2026/?region=eu-central-1&endpoint=https://s3.example.org:9000/&path-style=false&storage-class=intelligent_tiering&sse-kms-key=${key}&profile=team+x&requester-pays=true&checksums=false`;
  expect(parseS3Location(url)).toEqual({
    bucket: "b.c-1",
    prefix: "jobs/2026/",
    region: "eu-central-1",
    endpoint: "https://s3.example.org:9000",
    pathStyle: false,
    storageClass: "INTELLIGENT_TIERING",
    kmsKey: key,
    profile: "team+x",
    requesterPays: true,
    checksums: false,
  });
});

test("with an endpoint the bucket is named in the path, unless told otherwise", () => {
  expect(parseS3Location("s3://bucket?endpoint=http://127.0.0.1:9000").pathStyle).toBe(true);
  expect(parseS3Location("s3://bucket?endpoint=http://127.0.0.1:9000&path-style=false").pathStyle).toBe(
    false,
  );
});

test.each([
  ["s3:bucket", /written s3:\/\/bucket\/prefix/],
  ["s3:///prefix", /names no bucket/],
  ["s3://Bucket", /no name of a bucket/],
  ["s3://ab", /no name of a bucket/],
  ["s3://a..b", /no name of a bucket/],
  ["s3://10.0.0.1", /no name of a bucket/],
  ["s3://bucket:9000/x", /\?endpoint=/],
  ["s3://fast--use1-az4--x-s3/x", /directory bucket.*no order/],
  ["s3://bucket/a//b", /"a\/\/b", has a segment that is empty/],
  ["s3://bucket/../b", /"\.\."/],
  ["s3://bucket/a%20b", /"a%20b".*character other than/],
  ["s3://bucket/x#y", /"#"/],
  [`s3://bucket/${"x".repeat(513)}`, /longer than 512/],
  ["s3://bucket?regoin=x", /"regoin", which is unknown\. There are: region, endpoint/],
  ["s3://bucket?region=a&region=b", /twice/],
  ["s3://bucket?region=", /empty/],
  ["s3://bucket?region=eu central", /no name of a region/],
  ["s3://bucket?path-style=yes", /path-style is "yes"\. It is true or false/],
  ["s3://bucket?storage-class=GLACIER", /hours before they can be read.*GLACIER_IR/],
  ["s3://bucket?storage-class=deep_archive", /hours before they can be read/],
  ["s3://bucket?storage-class=EXPRESS_ONEZONE", /none in which a store can lie/],
  ["s3://bucket?endpoint=localhost:9000", /no address such as https/],
  ["s3://bucket?endpoint=http://h/?x=1", /"\?" or "#"/],
])("%s is refused, and why", (url, message) => {
  expect(() => parseS3Location(url)).toThrow(
    expect.objectContaining({ code: "bad-usage", message: expect.stringMatching(message) as string }),
  );
});

test.each([
  "s3://AKIAEXAMPLE:secret-word@bucket/x",
  "s3://bucket?secret-access-key=secret-word",
  "s3://bucket?endpoint=https://user:secret-word@host",
])("a secret in %s is refused and not repeated", (url) => {
  expect(() => parseS3Location(url)).toThrow(
    expect.objectContaining({
      code: "bad-usage",
      message: expect.not.stringContaining("secret-word") as string,
    }),
  );
});
