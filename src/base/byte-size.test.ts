import { expect, test } from "vitest";
import { parseByteRate } from "./byte-size.ts";

test.each([
  ["50MiB", 52_428_800],
  ["50MiB/s", 52_428_800],
  ["1.5 gib", 1_610_612_736],
  ["500kB", 500_000],
  ["2048", 2048],
  ["4096b", 4096],
])("%s is read as a rate", (text, rate) => {
  expect(parseByteRate(text, "--upload-limit")).toBe(rate);
});

test.each(["", "0", "1000", "fast", "50MiB/h", "-5MiB", "5MiBs", "5 TiB"])(
  "%j is refused with an example",
  (text) => {
    expect(() => parseByteRate(text, "--upload-limit")).toThrow(/--upload-limit.*such as 50MiB/);
  },
);
