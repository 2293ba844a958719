import * as fc from "fast-check";
import { expect, test } from "vitest";
import { attemptNumber, packId } from "../../base/index.ts";
import { type Entry, FileListReader, entryToLine, entryToObject } from "./file-list.ts";

const ROOT: Entry = { type: "directory", path: "", mode: 0o755, mtimeNs: 1n, uid: 0, gid: 0 };
const PACK = packId(attemptNumber(1), 2);
const CHUNK = { hash: "ab".repeat(32), rawBytes: 100, pack: PACK, offset: 16, storedBytes: 90 };

function read(objects: readonly unknown[], format: 1 | 2 = 1): readonly Entry[] {
  const reader = new FileListReader(format);
  for (const object of objects) reader.add(object);
  return reader.finish();
}

test("every kind of entry comes back as it was, whatever the bytes of its name", () => {
  const attributes = { mode: 0o4750, mtimeNs: -1n, uid: 4_294_967_294, gid: 7 };
  const entries: readonly Entry[] = [
    ROOT,
    { type: "file", path: "\xff\xfe", ...attributes, size: 1100, sparse: true, parts: [CHUNK, 1000] },
    { type: "hardlink", path: "\xff\xff", target: "\xff\xfe" },
  ];
  expect(read(entries.map(entryToObject))).toEqual(entries);
  for (const entry of entries) expect(entryToLine(entry)).toBe(`${JSON.stringify(entryToObject(entry))}\n`);
});

test("a list that arrives in pieces of any length is the same list", () => {
  const name = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => {
    const text = Buffer.from(bytes).toString("latin1").replaceAll("/", "-").replaceAll("\0", "-");
    return text === "." || text === ".." ? "x" : text;
  });
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.integer({ min: 1, max: 90 }), (names, length) => {
      const links = names.sort().map((path): Entry => ({ ...ROOT, type: "symlink", path, target: path }));
      const entries: readonly Entry[] = [ROOT, ...links];
      const stream = Buffer.from(
        entries.map((entry) => `${JSON.stringify(entryToObject(entry))}\n`).join(""),
      );
      const reader = new FileListReader(1);
      for (let at = 0; at < stream.length; at += length) reader.push(stream.subarray(at, at + length));
      expect(reader.finish()).toEqual(entries);
    }),
  );
});

test("inline bytes come back as they were, in a list of format 2 alone, up to 1 MiB of them", () => {
  const attributes = { mode: 0o600, mtimeNs: 1n, uid: 0, gid: 0 };
  const inline = Buffer.from("\x00\xffany bytes", "latin1");
  const parts = [{ inline }, CHUNK, 5, { inline }];
  const entry: Entry = { type: "file", path: "f", ...attributes, size: 127, sparse: false, parts };
  const other: Entry = { ...entry, path: "g", size: 11, parts: [{ inline }] };
  const entries = [ROOT, entry, other].map(entryToObject);
  expect(read(entries, 2)).toEqual([ROOT, entry, other]);
  expect(entryToLine(entry)).toBe(`${JSON.stringify(entryToObject(entry))}\n`);
  expect(() => read(entries, 1)).toThrow(/checkpoint-damaged/);
  const half = { ...other, size: 600_000, parts: [{ inline: Buffer.alloc(600_000) }] };
  expect(read([ROOT, half].map(entryToObject), 2)).toHaveLength(2);
  expect(() => read([ROOT, half, { ...half, path: "h" }].map(entryToObject), 2)).toThrow(
    /checkpoint-damaged/,
  );
});

test.each(["", "YQ", "YQ==\n", "Y Q==", "YR==", "-_-_", "é"])(
  "C01: the inline part %j is refused: not the one base64 of at least one byte",
  (part) => {
    const size = Buffer.from(part, "base64").length;
    expect(() => read([entryToObject(ROOT), { ...file, size, parts: [part] }], 2)).toThrow(
      /checkpoint-damaged/,
    );
  },
);

const file = { ...entryToObject(ROOT), type: "file", path: "f", size: 0, parts: [] };
test.each([
  ["an absolute path", { ...file, path: "/etc/passwd" }],
  ["a path that leads out", { ...file, path: "../f" }],
  [
    "a path that leads out in base64",
    { ...file, path: undefined, pathBytes: Buffer.from("a/../../f").toString("base64") },
  ],
  ["an empty segment", { ...file, path: "a//f" }],
  ["a NUL", { ...file, path: "a\0f" }],
  ["no path", { ...file, path: undefined }],
  ["a folder that is not there", { ...file, path: "missing/f" }],
  ["a hard link to nothing", { path: "l", type: "hardlink", target: "f" }],
  ["the folder twice", entryToObject(ROOT)],
  ["an unknown type", { ...file, type: "device" }],
  ["a size that its parts do not have", { ...file, size: 1 }],
  ["a part that is no chunk", { ...file, parts: [["x"]] }],
  ["a mode that is none", { ...file, mode: 0o100644 }],
  ["a time that is none", { ...file, mtimeNs: "yesterday" }],
  ["no object", 7],
])("C01: a list with %s is damaged", (_, object) => {
  expect(() => read([entryToObject(ROOT), object])).toThrow(/checkpoint-damaged/);
});

test("C01: a list that lies below a link is damaged: nothing is written outside of the folder", () => {
  const link = entryToObject({ ...ROOT, type: "symlink", path: "a", target: "/tmp" });
  expect(() => read([entryToObject(ROOT), link, { ...file, path: "a/f" }])).toThrow(/checkpoint-damaged/);
});

test("C01: a list that breaks off or is empty is damaged", () => {
  const reader = new FileListReader(1);
  expect(() => reader.finish()).toThrow(/checkpoint-damaged/);
  reader.push(Buffer.from(JSON.stringify(entryToObject(ROOT))));
  expect(() => reader.finish()).toThrow(/breaks off/);
});
