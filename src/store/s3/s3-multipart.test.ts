import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/stages/manual-clock.ts";
import type { S3Fake } from "../../simulator/index.ts";
import { openAt, s3Fake, s3Stage, text } from "../../../test/stages/s3-stage.ts";

const MIB = 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;

/** Small enough to be quick: objects above 1 MiB go in parts of 1 MiB. */
const limits = { multipartAboveBytes: MIB, partBytes: MIB };

const uploadsLeft = (fake: S3Fake): number => fake.shelf().uploads.size;

describe("an object in parts", () => {
  test("comes back as it was, however its pieces lie across the parts, and each part has its own checksum", async () => {
    const { fake, store } = await s3Stage({ limits });
    const sizes = [0, 1, 700_000, 5, 2_000_000, 1, 300_000, 0, 1_500_000];
    const pieces = sizes.map((size, index) => Buffer.alloc(size, `${index}-`));
    expect(await store.create("a", pieces)).toBe("created");
    expect((await store.read("a"))?.equals(Buffer.concat(pieces))).toBe(true);
    expect(fake.counts).toEqual({ "create-upload": 1, "upload-part": 5, "complete-upload": 1, get: 1 });
    const parts = fake.requests.filter(({ kind }) => kind === "upload-part");
    for (const { headers } of parts) {
      expect(headers["x-amz-checksum-crc32"]).toMatch(/^[A-Za-z0-9+/]{6}==$/);
    }
    expect(fake.shelf().objects.get("jobs/a")?.checksums["x-amz-checksum-crc32"]).toMatch(/-5$/);
  });

  test.each(["412", "409"] as const)(
    "K19: of eight writers one creates it, the others get %s and find it, and no upload is left",
    async (losers) => {
      const { fake, store, opened } = await s3Stage({ limits });
      fake.gather(8, losers);
      const contents = Array.from({ length: 8 }, (_, i) => Buffer.alloc(2.5 * MIB, `racer ${i}`));
      const results = await Promise.all(contents.map((content) => store.create("a", [content])));
      expect(results.filter((result) => result === "created")).toHaveLength(1);
      const winner = contents[results.indexOf("created")];
      expect(winner !== undefined && (await store.read("a"))?.equals(winner)).toBe(true);
      await opened.close();
      expect(uploadsLeft(fake)).toBe(0);
    },
  );

  test("a conflict begins a new upload, and after four of them nothing was written and nothing is left", async () => {
    const { fake, store, opened } = await s3Stage({ limits });
    fake.fault({ kind: "answer", status: 409, code: "ConditionalRequestConflict", on: ["complete-upload"] });
    await expect(store.create("a", [Buffer.alloc(2 * MIB)])).rejects.toMatchObject({
      code: "store-unreachable",
    });
    expect(fake.counts).toMatchObject({ "create-upload": 4, "upload-part": 8, "complete-upload": 4 });
    await opened.close();
    expect(uploadsLeft(fake)).toBe(0);
    expect(fake.shelf().objects.has("jobs/a")).toBe(false);
  });

  test.each(["upload-part", "complete-upload"] as const)(
    "a failed %s leaves neither object nor upload",
    async (kind) => {
      const { fake, store, opened } = await s3Stage({ limits });
      fake.fault({ kind: "answer", on: [kind], times: 1 });
      await expect(store.create("a", [Buffer.alloc(6 * MIB)])).rejects.toMatchObject({
        code: "store-unreachable",
      });
      await opened.close();
      expect(uploadsLeft(fake)).toBe(0);
      expect(fake.shelf().objects.has("jobs/a")).toBe(false);
    },
  );

  test("a replaced object in parts is replaced, whatever was there", async () => {
    const { store } = await s3Stage({ limits });
    await store.replace("a", text("small"));
    await store.replace("a", [Buffer.alloc(2 * MIB, "y")]);
    expect((await store.read("a"))?.equals(Buffer.alloc(2 * MIB, "y"))).toBe(true);
  });

  test("a signal ends the call at once, and what was uploaded is removed behind its back", async () => {
    const { fake, store, opened } = await s3Stage({ limits });
    fake.fault({ kind: "hang", on: ["upload-part"] });
    const controller = new AbortController();
    const call = store.create("a", [Buffer.alloc(3 * MIB)], { signal: controller.signal });
    const refused = expect(call).rejects.toThrow("enough");
    await until(() => fake.counts["upload-part"] === 3, "the parts to arrive");
    controller.abort(new Error("enough"));
    await refused;
    await opened.close();
    expect(uploadsLeft(fake)).toBe(0);
  });
});

describe("L06: sweep", () => {
  test("removes uploads that began more than a day ago by the server's clock, whatever ours says", async () => {
    const { fake, store, opened } = await s3Stage({ limits });
    const begin = (key: string): string => fake.shelf().beginUpload(key, Date.now(), {}).id;
    const old = begin("jobs/packs/old");
    const others = [begin("jobs/not one of ours"), begin("elsewhere/packs/x")];
    fake.jumpClock(25 * HOUR_MS);
    const young = fake.shelf().beginUpload("jobs/packs/young", Date.now() + 2 * HOUR_MS, {}).id;
    await store.create("a", text("x"));
    expect(await opened.sweep()).toBe(1);
    expect([...fake.shelf().uploads.keys()].sort()).toEqual([...others, young].sort());
    expect(fake.shelf().uploads.has(old)).toBe(false);
    expect(fake.shelf().objects.has("jobs/a")).toBe(true);
  });

  test("finds those on every page", async () => {
    const { fake, opened } = await s3Stage();
    for (let i = 0; i < 1100; i += 1) {
      const key = i % 200 === 0 ? `jobs/p/${i}` : `jobs/p/${i} is not ours`;
      fake.shelf().beginUpload(key, 0, {});
    }
    expect(await opened.sweep()).toBe(6);
    expect(uploadsLeft(fake)).toBe(1094);
  });

  test("says which right is missing", async () => {
    const { fake, opened } = await s3Stage();
    fake.fault({ kind: "answer", status: 403, code: "AccessDenied" });
    await expect(opened.sweep()).rejects.toMatchObject({
      message: expect.stringMatching(/s3:ListBucketMultipartUploads is missing/) as string,
    });
  });

  test("a process that was killed in the middle of an upload left no object, and the sweep a day later removes the rest", async () => {
    const program = await buildWriter();
    const fake = await s3Fake();
    const opened = await openAt(fake.url);
    fake.fault({ kind: "hang", on: ["complete-upload"] });
    const child = spawn(process.execPath, [program, fake.url], { stdio: "ignore" });
    const ended = once(child, "close");
    await until(() => fake.counts["complete-upload"] === 1, "the upload to be nearly complete");
    child.kill("SIGKILL");
    await ended;
    expect(uploadsLeft(fake)).toBe(1);
    expect(await opened.store.list("")).toEqual([]);
    expect(await opened.sweep()).toBe(0);
    fake.jumpClock(25 * HOUR_MS);
    expect(await opened.sweep()).toBe(1);
    expect(uploadsLeft(fake)).toBe(0);
    fake.clearFaults();
    expect(await opened.store.create("packs/large", text("again"))).toBe("created");
  });
});

/** Node 20 cannot run TypeScript, so the fixture is bundled. */
async function buildWriter(): Promise<string> {
  const outDir = await fs.mkdtemp(join(tmpdir(), "spotproof-fixture-"));
  onTestFinished(() => fs.rm(outDir, { recursive: true, force: true }));
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      ssr: fileURLToPath(new URL("s3-writer.fixture.ts", import.meta.url)),
      outDir,
      rollupOptions: { output: { format: "es", entryFileNames: "writer.mjs" } },
    },
    ssr: { noExternal: true },
  });
  return join(outDir, "writer.mjs");
}
