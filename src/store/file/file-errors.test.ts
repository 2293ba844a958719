import { describe, expect, test } from "vitest";
import { SpotproofError } from "../../base/index.ts";
import { type FileStep, asStoreError } from "./file-errors.ts";

const system = (code: string): Error => Object.assign(new Error(`${code}: the system says so`), { code });

describe("a system error becomes what it means for the store:", () => {
  test.each<[string, FileStep["doing"], string]>([
    ["ENOSPC", "writing", "store-full"],
    ["EDQUOT", "writing", "store-full"],
    ["ENOSPC", "linking", "store-full"],
    ["EACCES", "writing", "store-not-writable"],
    ["EPERM", "writing", "store-not-writable"],
    ["EROFS", "removing", "store-not-writable"],
    ["EACCES", "linking", "store-not-writable"],
    ["EACCES", "reading", "store-unreachable"],
    ["EACCES", "listing", "store-unreachable"],
    ["EPERM", "linking", "store-unsuitable"],
    ["ENOTSUP", "linking", "store-unsuitable"],
    ["EMLINK", "linking", "store-unsuitable"],
    ["EXDEV", "linking", "store-unsuitable"],
    ["EINVAL", "making durable", "store-unsuitable"],
    ["EIO", "making durable", "store-unreachable"],
    ["EIO", "writing", "store-unreachable"],
    ["ENOTDIR", "reading", "store-unreachable"],
    ["ESTALE", "reading", "store-unreachable"],
    ["ENXIO", "writing", "store-unreachable"],
    ["ETIMEDOUT", "listing", "store-unreachable"],
  ])("%s while %s is %s", (code, doing, expected) => {
    const cause = system(code);
    const error = asStoreError(cause, { doing, path: "/mnt/store/x" });
    expect(error).toMatchObject({ code: expected, cause });
    expect((error as SpotproofError).detail).toContain("/mnt/store/x");
    expect((error as SpotproofError).detail).toContain(code);
  });

  test("errors that speak for themselves stay as they are", () => {
    const step: FileStep = { doing: "writing", path: "/x" };
    const ours = new SpotproofError("store-full", "x");
    const other = new TypeError("a bug");
    expect(asStoreError(ours, step)).toBe(ours);
    expect(asStoreError(other, step)).toBe(other);
  });
});
