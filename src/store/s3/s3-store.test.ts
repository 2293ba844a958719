import { describe, expect, test } from "vitest";
import { describeStoreContract } from "../store.contract.ts";
import { s3Stage, text } from "./s3-stage.fixture.ts";

describeStoreContract({ name: "a store in S3 (the fake)", open: async () => (await s3Stage()).store });
describeStoreContract({
  name: "a store at the root of a bucket of S3 (the fake)",
  open: async () => (await s3Stage({ path: "bucket" })).store,
});
describeStoreContract({
  name: "a store in S3 (the fake) whose larger objects go in parts",
  open: async () => (await s3Stage({ limits: { multipartAboveBytes: 1024, partBytes: 512 * 1024 } })).store,
});
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
});
