import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { S3Fault } from "../../simulator/index.ts";
import type { OpenedStore } from "../opened-store.ts";
import type { Store } from "../store.ts";
import { openS3Store, parseS3Location } from "./index.ts";
import {
  CREDENTIALS,
  openAt,
  s3Fake,
  s3Stage,
  type S3StageOptions,
  text,
} from "../../../test/stages/s3-stage.ts";

const refusedAs = (code: string, message: RegExp) => ({
  code,
  message: expect.stringMatching(message) as string,
});

const AMBIGUOUS: readonly [string, Partial<S3Fault> & Pick<S3Fault, "kind">, RegExp][] = [
  ["503 SlowDown", { kind: "answer" }, /503 SlowDown, request [0-9A-F]+/],
  ["500", { kind: "answer", status: 500, code: "InternalError" }, /500 InternalError/],
  ["502 without a word", { kind: "answer", status: 502, code: "" }, /502/],
  ["a request that timed out", { kind: "answer", status: 400, code: "RequestTimeout" }, /400 RequestTimeout/],
  ["a reset", { kind: "reset" }, /ECONNRESET/],
  ["no answer", { kind: "hang" }, /TimeoutError/],
  ["a web page", { kind: "web-page" }, /not S3|XML|Unclosed|answer/i],
];

const WRITES: readonly [string, (store: Store) => Promise<unknown>, S3Fault["on"] & object][] = [
  ["create", (store) => store.create("a/new", text("new")), ["put"]],
  ["replace", (store) => store.replace("a/new", text("new")), ["put"]],
  ["create in parts", (store) => store.create("a/new", [Buffer.alloc(3000)]), ["complete-upload"]],
];

const limits = { multipartAboveBytes: 2000, partBytes: 1024 * 1024 };

/** Short enough for a test of silence, and nothing for others: a busy machine is silent as well. */
const patience = (fault: Pick<S3Fault, "kind">) => (fault.kind === "hang" ? { silenceMs: 500 } : {});

describe("C06: a write whose answer is lost", () => {
  for (const [writeName, write, on] of WRITES) {
    test.each(AMBIGUOUS)(
      `${writeName}: %s is trouble that may pass, whether or not it took effect`,
      async (_name, fault, message) => {
        for (const afterEffect of [false, true]) {
          const { fake, store } = await s3Stage({ limits: { ...limits, ...patience(fault) } });
          const repair = fake.fault({ ...fault, on, afterEffect });
          await expect(write(store)).rejects.toMatchObject(refusedAs("store-unreachable", message));
          expect(fake.shelf().objects.has("jobs/a/new")).toBe(afterEffect);
          repair();
          if (writeName !== "replace")
            expect(await store.create("a/new", text("again"))).toBe(afterEffect ? "exists" : "created");
        }
      },
    );
  }
});

test("C06: of 120 objects that are created through all kinds of trouble none is lost, and none is invented", async () => {
  const { fake, store } = await s3Stage({ limits });
  const share = 0.1;
  fake.fault({ kind: "answer", share });
  fake.fault({ kind: "answer", status: 500, code: "InternalError", afterEffect: true, share });
  fake.fault({ kind: "answer", status: 409, code: "ConditionalRequestConflict", conditional: true, share });
  fake.fault({ kind: "reset", share });
  fake.fault({ kind: "reset", afterEffect: true, share });
  fake.fault({ kind: "torn", share });
  const persist = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        expect(error).toMatchObject({ code: "store-unreachable" });
      }
    }
  };
  const isThere = async (i: number): Promise<boolean> => {
    const content = Buffer.alloc(i * 20, `${i}/`);
    await persist(() => store.create(`o/${i}`, [content]));
    return (await persist(() => store.read(`o/${i}`)))?.equals(content) === true;
  };
  const all = await Promise.all(Array.from({ length: 120 }, (_, i) => isThere(i)));
  expect(all.filter((there) => there)).toHaveLength(120);
  expect(await persist(() => store.list("o/"))).toHaveLength(120);
  const others = [...fake.shelf().objects.keys()].filter((key) => !key.startsWith("jobs/o/"));
  expect(others).toEqual(["jobs/spotproof-store.json"]);
});

describe("K16: conditions", () => {
  test("a conflict that is decided soon is repeated, and the object is created", async () => {
    const { fake, store } = await s3Stage();
    fake.fault({ kind: "answer", status: 409, code: "ConditionalRequestConflict", on: ["put"], times: 3 });
    expect(await store.create("a", text("x"))).toBe("created");
    expect(fake.counts).toEqual({ put: 4 });
  });

  test.each([1, 16])(
    "an answer that comes before an object of %i pieces was sent counts, though the connection breaks then",
    async (count) => {
      const { fake, store } = await s3Stage();
      const large = Array.from({ length: count }, () => Buffer.alloc((16 * 1024 * 1024) / count));
      fake.fault({
        kind: "answer",
        status: 412,
        code: "PreconditionFailed",
        on: ["put"],
        early: true,
        times: 5,
      });
      for (let i = 0; i < 5; i += 1) expect(await store.create("a", large)).toBe("exists");
      fake.fault({ kind: "answer", on: ["put"], early: true, times: 1 });
      await expect(store.create("a", large)).rejects.toMatchObject({ code: "store-unreachable" });
      expect(fake.shelf().objects.has("jobs/a")).toBe(false);
      expect(await store.create("a", large)).toBe("created");
    },
  );

  test("a conflict that stays is trouble that may pass, and says that nothing was written", async () => {
    const { fake, store } = await s3Stage();
    fake.fault({ kind: "answer", status: 409, code: "ConditionalRequestConflict", on: ["put"] });
    await expect(store.create("a", text("x"))).rejects.toMatchObject(
      refusedAs("store-unreachable", /create a.*409.*Nothing was written/),
    );
    expect(fake.counts).toEqual({ put: 4 });
  });

  test.each(["412", "409"] as const)(
    "of 16 writers that arrive at once one creates the object; the others get %s",
    async (losers) => {
      const { fake, store } = await s3Stage();
      fake.gather(16, losers);
      const names = Array.from({ length: 16 }, (_, i) => `racer ${i}`);
      const results = await Promise.all(names.map((name) => store.create("a", text(name))));
      expect(results.filter((result) => result === "created")).toHaveLength(1);
      expect((await store.read("a"))?.toString()).toBe(names[results.indexOf("created")]);
    },
  );

  test("an error behind a status of 200 is read for what it says", async () => {
    const { fake, store } = await s3Stage({ limits });
    await store.create("a", text("first"));
    fake.fault({ kind: "answer", status: 200, code: "PreconditionFailed", on: ["complete-upload"] });
    expect(await store.create("a", [Buffer.alloc(3000)])).toBe("exists");
    fake.clearFaults();
    fake.fault({ kind: "answer", status: 200, code: "InternalError", on: ["complete-upload"] });
    await expect(store.create("b", [Buffer.alloc(3000)])).rejects.toMatchObject({
      code: "store-unreachable",
    });
  });

  test("a server that ignores them is refused when it is opened, each time", async () => {
    const fake = await s3Fake();
    fake.fault({ kind: "ignore-conditions" });
    await expect(openAt(fake.url)).rejects.toMatchObject(
      refusedAs("store-unsuitable", /ignores the condition/),
    );
    fake.clearFaults();
    await openAt(fake.url);
    fake.fault({ kind: "ignore-conditions" });
    await expect(openAt(fake.url)).rejects.toMatchObject(
      refusedAs("store-unsuitable", /ignores the condition/),
    );
  });

  test("a server that does not know them is refused with the reason", async () => {
    const fake = await s3Fake();
    fake.fault({ kind: "answer", status: 501, code: "NotImplemented", conditional: true });
    await expect(openAt(fake.url)).rejects.toMatchObject(refusedAs("store-unsuitable", /If-None-Match/));
  });
});

describe("a read", () => {
  const content = Buffer.alloc(300_000, "spotproof");

  async function stage(limits: S3StageOptions["limits"] = {}) {
    const all = await s3Stage({ limits });
    await all.store.create("a", [content]);
    return all;
  }

  test.each([
    ...AMBIGUOUS,
    ["torn", { kind: "torn" }, /broke off/],
    ["404 of a proxy", { kind: "answer", status: 404, code: "" }, /404/],
  ] as const)("C02: %s is trouble, never absence or half an object", async (_name, fault, message) => {
    const { fake, store } = await stage(patience(fault));
    fake.fault({ ...fault, on: ["get"] });
    const refused = refusedAs("store-unreachable", message);
    await expect(store.read("a")).rejects.toMatchObject(refused);
    await expect(store.read("a", { range: { offset: 5, length: 200_000 } })).rejects.toMatchObject(refused);
    await expect(store.read("a", { into: Buffer.alloc(400_000) })).rejects.toMatchObject(refused);
  });

  test("C02: a bit that is wrong is found by the checksum that lies with the object", async () => {
    const { fake, store } = await stage();
    fake.fault({ kind: "damage", on: ["get"] });
    await expect(store.read("a")).rejects.toMatchObject(
      refusedAs("store-unreachable", /does not match the CRC-32/),
    );
  });

  test("an answer that comes slowly is awaited, in the buffer that was lent", async () => {
    const { fake, store } = await stage();
    fake.fault({ kind: "slow", on: ["get"], ms: 10, pieces: 20 });
    const into = Buffer.alloc(400_000);
    const seen = await store.read("a", { into });
    expect(seen?.buffer).toBe(into.buffer);
    expect(seen?.equals(content)).toBe(true);
    const part = await store.read("a", { into, range: { offset: 299_990, length: 100 } });
    expect(part?.buffer).toBe(into.buffer);
    expect(part?.equals(content.subarray(299_990))).toBe(true);
    expect((await store.read("a", { into: Buffer.alloc(10) }))?.equals(content)).toBe(true);
  });

  test("a signal ends it while the answer trickles in", async () => {
    const { fake, store } = await stage();
    fake.fault({ kind: "slow", on: ["get"], ms: 100, pieces: 1000 });
    const controller = new AbortController();
    const reading = store.read("a", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 250);
    await expect(reading).rejects.toThrow("enough");
  });
});

describe("a listing", () => {
  test.each([...AMBIGUOUS, ["torn", { kind: "torn" }, /list/]] as const)(
    "%s is trouble, never a shorter list",
    async (_name, fault, message) => {
      const { fake, store } = await s3Stage({ limits: patience(fault) });
      for (const key of ["x/a", "x/b", "y/c"]) await store.create(key, text("x"));
      fake.fault({ ...fault, on: ["list"] });
      const refused = refusedAs("store-unreachable", message);
      await expect(store.list("")).rejects.toMatchObject(refused);
      await expect(store.listFolders("")).rejects.toMatchObject(refused);
    },
  );

  test("what others left below the prefix is not shown, however it is called", async () => {
    const { fake, store } = await s3Stage();
    await store.create("a/b", text("x"));
    const there = fake.shelf().objects.get("jobs/a/b");
    for (const key of [
      "jobs/",
      "jobs/a/",
      "jobs/a/c d",
      "jobs/a/\u0001",
      "jobs/é/x",
      "jobs/a//b",
      "jobsx/y",
      "other",
    ])
      if (there !== undefined) fake.shelf().put(key, there);
    expect((await store.list("")).map(({ key }) => key)).toEqual(["a/b"]);
    expect(await store.listFolders("")).toEqual(["a"]);
  });

  test("2,500 objects come on three pages", async () => {
    const { fake, store } = await s3Stage();
    await store.create("m/00000/x", text("x"));
    const there = fake.shelf().objects.get("jobs/m/00000/x");
    const keys = Array.from({ length: 2500 }, (_, i) => `m/${String(i).padStart(5, "0")}/x`);
    for (const key of keys) if (there !== undefined) fake.shelf().put(`jobs/${key}`, there);
    fake.resetCounts();
    expect((await store.list("m/")).map(({ key }) => key)).toEqual(keys);
    expect(fake.counts).toEqual({ list: 3 });
    expect(await store.listFolders("m/")).toHaveLength(2500);
  });
});

describe("what a user can put right", () => {
  const CASES: readonly [string, S3Fault, (store: Store) => Promise<unknown>, string, RegExp][] = [
    [
      "a write without the right",
      { kind: "answer", status: 403, code: "AccessDenied" },
      (s) => s.create("a", text("x")),
      "store-not-writable",
      /s3:PutObject is missing/,
    ],
    [
      "a removal without the right",
      { kind: "answer", status: 403, code: "AccessDenied" },
      (s) => s.remove("a"),
      "store-not-writable",
      /s3:DeleteObject is missing/,
    ],
    [
      "a read without the right",
      { kind: "answer", status: 403, code: "AccessDenied" },
      (s) => s.read("a"),
      "store-unreachable",
      /s3:GetObject is missing.*s3:ListBucket.*403 instead of 404/,
    ],
    [
      "a listing without the right",
      { kind: "answer", status: 403, code: "AccessDenied" },
      (s) => s.list(""),
      "store-unreachable",
      /s3:ListBucket is missing/,
    ],
    [
      "credentials that have expired",
      { kind: "answer", status: 400, code: "ExpiredToken" },
      (s) => s.read("a"),
      "store-unreachable",
      /credentials have expired/,
    ],
    [
      "credentials that are wrong",
      { kind: "answer", status: 403, code: "InvalidAccessKeyId" },
      (s) => s.create("a", text("x")),
      "store-unreachable",
      /credentials are wrong/,
    ],
    [
      "an object that was archived",
      { kind: "answer", status: 403, code: "InvalidObjectState" },
      (s) => s.read("a"),
      "store-unreachable",
      /archive/,
    ],
    [
      "a key that is disabled",
      { kind: "answer", status: 400, code: "KMS.DisabledException" },
      (s) => s.create("a", text("x")),
      "store-not-writable",
      /KMS key/,
    ],
    [
      "a key that is asked too often",
      { kind: "answer", status: 400, code: "KMS.ThrottlingException" },
      (s) => s.create("a", text("x")),
      "store-unreachable",
      /KMS/,
    ],
    [
      "a quota",
      { kind: "answer", status: 403, code: "QuotaExceeded" },
      (s) => s.create("a", text("x")),
      "store-full",
      /quota/,
    ],
    [
      "a full server",
      { kind: "answer", status: 507, code: "XMinioStorageFull" },
      (s) => s.replace("a", text("x")),
      "store-full",
      /no room/,
    ],
    [
      "a bucket that was deleted",
      { kind: "answer", status: 404, code: "NoSuchBucket" },
      (s) => s.read("a"),
      "store-unreachable",
      /bucket does not exist/,
    ],
  ];

  test.each(CASES)("%s is said", async (_name, fault, call, code, message) => {
    const { fake, store } = await s3Stage();
    fake.fault(fault);
    await expect(call(store)).rejects.toMatchObject(refusedAs(code, message));
  });

  test("a server that cannot be reached is named", async () => {
    await expect(openAt("http://127.0.0.1:9")).rejects.toMatchObject(
      refusedAs("store-unreachable", /s3:\/\/bucket\/jobs at 127\.0\.0\.1:9: no answer.*ECONNREFUSED/),
    );
  });

  test("the cause of an error holds no token", async () => {
    const fake = await s3Fake();
    const credentials = { accessKeyId: "key", secretAccessKey: "secret-word", sessionToken: "token-word" };
    const { store } = await openAt(fake.url, { credentials });
    fake.fault({ kind: "answer" });
    const error: unknown = await store.read("a").catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/secret-word|token-word/);
    expect(error).toMatchObject({ code: "store-unreachable", cause: { name: "SlowDown" } });
  });

  test("the clock of a machine that is wrong is made up for, once the server has said so", async () => {
    const { fake, store } = await s3Stage();
    await store.create("a", text("x"));
    fake.resetCounts();
    fake.fault({ kind: "answer", status: 403, code: "RequestTimeTooSkewed", times: 1 });
    expect((await store.read("a"))?.toString()).toBe("x");
    expect(fake.counts).toEqual({ get: 2 });
    fake.fault({ kind: "answer", status: 403, code: "RequestTimeTooSkewed" });
    await expect(store.read("a")).rejects.toMatchObject(
      refusedAs("store-unreachable", /clock of this machine/),
    );
  });

  test("a wrong region in the URL is refused with the right one", async () => {
    const fake = await s3Fake({ region: "eu-central-1" });
    await expect(openAt(fake.url, { parameters: "&region=us-west-2" })).rejects.toMatchObject(
      refusedAs("bad-usage", /in the region eu-central-1, not us-west-2.*\?region=eu-central-1/),
    );
  });

  test("a region that nobody named is found by asking", async () => {
    const fake = await s3Fake({ region: "eu-central-1" });
    const location = parseS3Location(`s3://bucket?endpoint=${fake.url}`);
    const opened: OpenedStore = await openS3Store({ location, credentials: CREDENTIALS });
    expect(await opened.store.create("a", text("x"))).toBe("created");
    await opened.close();
  });
});
