import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VERSION } from "./version.ts";

test("the version is that of the package", () => {
  const description = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  expect((JSON.parse(description) as { readonly version: string }).version).toBe(VERSION);
});
