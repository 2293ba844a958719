import { expect, test } from "vitest";
import { parseStoreLocation, pathOnDisk } from "./store-location.ts";

test.each([
  ["./store", { kind: "folder", folder: "/work/store" }],
  ["/mnt/efs/jobs", { kind: "folder", folder: "/mnt/efs/jobs" }],
  ["file:///mnt/with%20space", { kind: "folder", folder: "/mnt/with space" }],
  ["./odd:name", { kind: "folder", folder: "/work/odd:name" }],
  ["s3://bucket/prefix?region=eu-west-1", { kind: "s3", url: "s3://bucket/prefix?region=eu-west-1" }],
  ["S3://bucket", { kind: "s3", url: "S3://bucket" }],
  ["dynamodb://table/prefix", { kind: "dynamodb" }],
  ["postgres://me:secret@host/db", { kind: "postgres", workingFolder: "/work" }],
  ["postgresql://host/db", { kind: "postgres" }],
  ["sqlite:jobs.db", { kind: "sqlite", file: "/work/jobs.db" }],
  ["sqlite:///mnt/with%20space.db", { kind: "sqlite", file: "/mnt/with space.db" }],
  ["sqlite:///mnt/jobs.db", { kind: "sqlite", file: "/mnt/jobs.db" }],
])("%s", (text, location) => {
  expect(parseStoreLocation(text, "/work", "--store")).toMatchObject(location);
});

test("only what lies on this machine's file systems has a path", () => {
  const path = (text: string) => pathOnDisk(parseStoreLocation(text, "/work", "--store"));
  expect(path("store")).toBe("/work/store");
  expect(path("sqlite:jobs.db")).toBe("/work/jobs.db");
  expect(path("s3://bucket/prefix")).toBeUndefined();
});

test.each(["mysql://me:secret@host/db", "http://me:secret@host", "redis:secret"])(
  "another kind of store is refused with one example of each kind, and no password: %s",
  (text) => {
    const parse = () => parseStoreLocation(text, "/work", "--store");
    for (const words of ["/mnt/efs/jobs", "s3://", "dynamodb://", "sqlite:", "postgres://"])
      expect(parse).toThrow(words);
    expect(parse).not.toThrow("secret");
  },
);

test.each([
  "",
  "sqlite:",
  "sqlite:jobs.db?prefix=a",
  "sqlite:///mnt/jobs.db?prefix=a",
  "file://host/x",
  "file:store",
  "file:///mnt/store?prefix=a",
  "file:///mnt/store#1",
])("%j is refused", (text) => {
  expect(() => parseStoreLocation(text, "/work", "--store")).toThrow(/--store/);
});

test.each(["", "mysql://host/db", "sqlite:", "file://host/x"])(
  "what the user has named the store with is called as the user knows it: %j",
  (text) => {
    const parse = () => parseStoreLocation(text, "/work", "Option store");
    expect(parse).toThrow(/Option store/);
    expect(parse).not.toThrow(/--store/);
  },
);
