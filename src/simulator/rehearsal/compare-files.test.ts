import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { compareFiles } from "./compare-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "compare-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function compare(expected: string | Buffer, actual: string | Buffer, sameBy?: string) {
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  await writeFile(a, expected);
  await writeFile(b, actual);
  return compareFiles(a, b, { sameBy, clock: systemClock, signal: new AbortController().signal });
}

test("two files are the same byte by byte, or it is said where they are not", async () => {
  expect(await compare("", "")).toEqual({ result: "same" });
  expect(await compare("abc", "abc")).toEqual({ result: "same" });
  expect(await compare("abc", "abd")).toEqual({
    result: "different",
    detail: "3 bytes each, the first difference at byte 2",
  });
  expect(await compare("abc", "ab")).toEqual({ result: "different", detail: "2 instead of 3 bytes" });
});

test("a difference is found beyond the first part that is read", async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 5, 1);
  const other = Buffer.from(large);
  other[large.length - 1] = 2;
  expect(await compare(large, large)).toEqual({ result: "same" });
  expect((await compare(large, other)).detail).toBe(
    `${large.length} bytes each, the first difference at byte ${large.length - 1}`,
  );
});

test("a command says whether two are the same, and its words say why not", async () => {
  expect(await compare("a", "b", "true")).toEqual({ result: "same" });
  expect(await compare("a", "a", "echo too far apart; false")).toEqual({
    result: "different",
    detail: "too far apart",
  });
});

test("a command that does not end is ended, with what it has started", async () => {
  const clock = manualClock();
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const { signal } = new AbortController();
  const compared = compareFiles(a, b, { sameBy: "sleep 600 & wait #", clock, signal });
  clock.advance(300_000);
  expect(await compared).toEqual({
    result: "different",
    detail: "--same-by was not done after 5 min 00 s",
  });
});

test("a command ends when the rehearsal is stopped", async () => {
  const stop = new AbortController();
  const settings = { sameBy: "sleep 600 & wait #", clock: systemClock, signal: stop.signal };
  const compared = compareFiles(join(folder, "a"), join(folder, "b"), settings);
  stop.abort();
  expect((await compared).result).toBe("different");
});
