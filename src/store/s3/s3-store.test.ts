import dns from "node:dns";
import { crc32Of, objectBody } from "./object-body.ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { s3Fake, s3Stage, openAt, text } from "../../../test/stages/s3-stage.ts";
import type { S3Fake } from "../../simulator/index.ts";
import { describeStoreContract } from "../store.contract.ts";

describeStoreContract({ name: "a store in S3 (the fake)", open: async () => (await s3Stage()).store });
describeStoreContract({
  name: "a store at the root of a bucket of S3 (the fake)",
  open: async () => (await s3Stage({ path: "bucket" })).store,
});
describeStoreContract({
  name: "a store in S3 (the fake) whose larger objects go in parts",
  open: async () => (await s3Stage({ limits: { multipartAboveBytes: 1024, partBytes: 512 * 1024 } })).store,
});
const headersOf = (fake: S3Fake, kind: string) =>
  fake.requests.filter((request) => request.kind === kind).map(({ headers }) => headers);

describe("requests", () => {
  test("every call is one request", async () => {
    const { fake, store } = await s3Stage();
    await store.create("a/b", text("x"));
    await store.replace("a/b", text("y"));
    await store.read("a/b");
    await store.read("a/b", { range: { offset: 0, length: 0 } });
    await store.read("absent");
    await store.list("a/");
    await store.listFolders("");
    await store.remove("a/b");
    expect(fake.counts).toEqual({ put: 2, get: 3, list: 2, delete: 1 });
  });

  test("opening a store that is known takes two, and only for reading one", async () => {
    const { fake } = await s3Stage();
    await openAt(fake.url);
    expect(fake.counts).toEqual({ get: 1, put: 1 });
    fake.resetCounts();
    await openAt(fake.url, { mode: "read" });
    expect(fake.counts).toEqual({ get: 1 });
  });

  test.each([
    ["one piece", [Buffer.alloc(300_000, "a")]],
    [
      "large pieces, which are not joined",
      [Buffer.alloc(300_000, "a"), Buffer.alloc(0), Buffer.alloc(300_000, "b")],
    ],
    ["small pieces", [Buffer.from("a"), Buffer.from("b")]],
    ["nothing", []],
  ])(
    "a body of %s has one checksum, which the server compares, and is not hashed as well: nobody else is on the way",
    async (_name, pieces) => {
      const { fake, store } = await s3Stage();
      await store.create("a", pieces);
      const [headers = {}] = headersOf(fake, "put");
      expect(headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
      expect(headers["x-amz-checksum-crc32"]).toBe(crc32Of(pieces));
      const others = Object.keys(headers).filter((name) =>
        /checksum-(?!crc32$)|sdk-checksum|trailer|decoded|transfer-encoding|^expect$|md5/.test(name),
      );
      expect(others).toEqual([]);
      expect((await store.read("a"))?.equals(Buffer.concat(pieces))).toBe(true);
    },
  );

  test("checksums can be left out, for servers that do not know them", async () => {
    const { fake, store } = await s3Stage({ parameters: "&checksums=false" });
    await store.create("a", text("x"));
    expect((await store.read("a"))?.toString()).toBe("x");
    const [headers = {}] = headersOf(fake, "put");
    expect(Object.keys(headers).filter((name) => name.includes("checksum"))).toEqual([]);
  });

  test("over a connection that others can read, contents are signed: nobody can change them there", () => {
    const bytes = [Buffer.from("a"), Buffer.from("bc")];
    expect(objectBody(bytes, true)).toMatchObject({
      contentHash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      crc32: "NSRBwg==",
    });
  });

  test("key, storage class and who pays are said where they belong", async () => {
    const key = "arn:aws:kms:eu-central-1:111122223333:alias/spotproof";
    const parameters = `&sse-kms-key=${key}&storage-class=STANDARD_IA&requester-pays=true`;
    const { fake, store } = await s3Stage({ parameters });
    await store.create("small", text("x"));
    await store.create("large", [Buffer.alloc(128 * 1024)]);
    await store.read("small");
    await store.list("");
    const [small = {}, large = {}] = headersOf(fake, "put");
    expect(small["x-amz-server-side-encryption-aws-kms-key-id"]).toBe(key);
    expect([small["x-amz-storage-class"], large["x-amz-storage-class"]]).toEqual([undefined, "STANDARD_IA"]);
    expect(fake.requests.map(({ headers }) => headers["x-amz-request-payer"])).toEqual(
      Array(4).fill("requester"),
    );
  });

  test("no more connections are open than allowed, and a hundred calls at once are all answered", async () => {
    const { fake, store } = await s3Stage({ maxConnections: 3 });
    const seen = new Set<string>();
    const keys = Array.from({ length: 100 }, (_, i) => `k/${i}`);
    await Promise.all(keys.map((key) => store.create(key, text(key))));
    for (const { headers } of fake.requests) seen.add(headers["connection"] ?? "");
    expect(fake.mostConnections).toBeLessThanOrEqual(3);
    expect([...seen]).toEqual(["keep-alive"]);
    expect(await store.list("k/")).toHaveLength(100);
  });
});

describe("a caution", () => {
  test("there is none for a connection to this machine itself", async () => {
    expect((await s3Stage()).opened.caution).toBeUndefined();
  });

  test("is given for a connection to another machine that is not encrypted", async () => {
    const fake = await s3Fake();
    // An address of this machine that does not look like one.
    const opened = await openAt(fake.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"));
    expect(opened.caution).toMatch(/not encrypted.*https:/);
  });

  test("is given for a storage class that keeps objects less safely", async () => {
    expect((await s3Stage({ parameters: "&storage-class=ONEZONE_IA" })).opened.caution).toMatch(
      /lost with their one zone/,
    );
  });
});

test("the bucket can be named by the host", async () => {
  type Lookup = (name: string, options: dns.LookupOptions, tell: (...answer: unknown[]) => void) => void;
  const lookup = dns.lookup as Lookup;
  // Not every machine knows that what ends in .localhost is itself (RFC 6761).
  const here: Lookup = (name, options, tell) =>
    lookup(name.replace(/^.*\.localhost$/, "127.0.0.1"), options, tell);
  const resolving = vi.spyOn(dns, "lookup").mockImplementation(here as unknown as typeof dns.lookup);
  onTestFinished(() => resolving.mockRestore());
  const fake = await s3Fake();
  const endpoint = fake.url.replace("127.0.0.1", "localhost");
  const { store } = await openAt(endpoint, { parameters: "&path-style=false" });
  expect(await store.create("a/b", text("x"))).toBe("created");
  expect((await store.read("a/b"))?.toString()).toBe("x");
  expect((await store.list("")).map(({ key }) => key)).toEqual(["a/b"]);
  expect(fake.requests.at(-1)?.headers["host"]).toMatch(/^bucket\.localhost/);
});
