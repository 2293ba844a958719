import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { forEach } from "./for-each.ts";
import { FakeHost, type Shelf } from "./items-host.fixture.ts";
import { linesOf } from "./lines.ts";

let folder = "";
beforeAll(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "lines-"));
});
afterAll(() => fs.rm(folder, { recursive: true }));

async function fileWith(content: string | Buffer): Promise<string> {
  const path = join(folder, "items.txt");
  await fs.writeFile(path, content);
  return path;
}

async function linesIn(content: string | Buffer): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(await fileWith(content))) lines.push(line);
  return lines;
}

test("lines end in LF or CRLF or with the file, an empty line is an item, a byte order mark is none", async () => {
  expect(await linesIn("")).toEqual([]);
  expect(await linesIn("a\nb\r\n\nд🗝")).toEqual(["a", "b", "", "д🗝"]);
  expect(await linesIn("\ufeffa\n")).toEqual(["a"]);
  const long = "é".repeat(700_000);
  expect(await linesIn(`x\n${long}\ny\n`)).toEqual(["x", long, "y"]);
});

test("text that is not UTF-8 is refused, with its line", async () => {
  const running = linesIn(Buffer.concat([Buffer.from("a\nb\n"), Buffer.from([0xff, 0x0a])]));
  await expect(running).rejects.toMatchObject({
    code: "items-unreadable",
    detail: expect.stringContaining("Line 3, at byte 4") as string,
  });
});

test("a file that is not there is an error that names it", async () => {
  const running = forEach(new FakeHost(systemClock), linesOf(join(folder, "absent")), {}, () => 1);
  await expect(running).rejects.toMatchObject({ code: "items-unreadable" });
});

test("each line has its offset", async () => {
  const path = await fileWith("\ufeffone\r\nzwei\n");
  const offsets: unknown[] = [];
  await forEach(new FakeHost(systemClock), linesOf(path), {}, (line, { offset, index }) => {
    offsets.push([line, index, offset]);
  });
  expect(offsets).toEqual([
    ["one", 0, 3],
    ["zwei", 1, 8],
  ]);
});

const many = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `line ${index} ${"x".repeat(90)}`);

test("the next life goes on in the middle of the file, which may have grown, and refuses another one", async () => {
  const shelf: Shelf = new Map();
  const path = await fileWith(`${many(20_000).join("\n")}\n`);
  const host = new FakeHost(systemClock, shelf);
  const leaving = forEach(host, linesOf(path), { concurrency: 3 }, async (line) => {
    if (line.startsWith("line 15000 ")) host.leaveNow(new Error("leaving"));
  });
  await expect(leaving).rejects.toThrow("leaving");

  await fs.appendFile(path, many(20_010).slice(20_000).join("\n"));
  const worked: number[] = [];
  const summary = await forEach(new FakeHost(systemClock, shelf), linesOf(path), {}, (line, { index }) => {
    expect(line).toMatch(`line ${index} `);
    worked.push(index);
  });
  expect(worked[0]).toBeGreaterThanOrEqual(15_000);
  expect(summary).toEqual({ done: worked.length, failed: 0, skipped: 20_010 - worked.length, total: 20_010 });

  const again = () => forEach(new FakeHost(systemClock, shelf), linesOf(path), {}, () => 1);
  expect((await again()).skipped).toBe(20_010);
  await fs.writeFile(path, `another first line\n${many(20_010).join("\n")}`);
  await expect(again()).rejects.toMatchObject({ code: "items-changed" });
  await fs.writeFile(path, many(100).join("\n"));
  await expect(again()).rejects.toMatchObject({ code: "items-changed" });
});
