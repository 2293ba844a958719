import { expect, test } from "vitest";
import { parseByteSize } from "./option-values.ts";

test.each([
  ["4GiB", 4 * 1024 ** 3],
  ["512 MiB", 512 * 1024 ** 2],
  ["1.5TB", 1_500_000_000_000],
  ["100B", 100],
])("%s is a size", (text, bytes) => {
  expect(parseByteSize(text, "--state")).toBe(bytes);
});

test.each(["", "4", "4G", "-1GiB", "0GiB", "GiB", "4 GiB or so", "9999999TiB"])("%j is none", (text) => {
  expect(() => parseByteSize(text, "--state")).toThrow(/--state .* is not a size.*512MiB/);
});
