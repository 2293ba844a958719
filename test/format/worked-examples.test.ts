import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attemptNumber, checkpointId, parseJobName } from "../../src/base/index.ts";
import { FileListReader } from "../../src/checkpoint/format/file-list.ts";
import { manifestFromBytes, manifestToBytes } from "../../src/checkpoint/format/manifest.ts";
import { asNew } from "../../src/checkpoint/format/new-manifest.fixture.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/checkpoint-format.md"), "utf8");

/** The manifests of section 7, each on one line again. */
const EXAMPLES = [...PAGE.matchAll(/```\n(\{"format":[^`]*)```/g)].map(
  ([, block = ""]) =>
    `${block
      .split("\n")
      .map((line) => line.trim())
      .join("")}\n`,
);

test.each([1, 2] as const)(
  "the example of format %i in docs/checkpoint-format.md is what is read and written",
  (format) => {
    const bytes = Buffer.from(EXAMPLES[format - 1] ?? "");
    const manifest = manifestFromBytes(bytes, parseJobName("train"), checkpointId(attemptNumber(1), format));
    expect(manifest.format).toBe(format);
    expect(manifestToBytes(asNew(manifest))).toEqual(bytes);
    const reader = new FileListReader(format);
    if (manifest.list.kind === "inline") for (const line of manifest.list.lines) reader.add(line);
    const entries = reader.finish();
    expect(entries).toHaveLength(format === 1 ? 5 : 3);
    if (format === 2) expect(entries[2]).toMatchObject({ parts: [{ inline: Buffer.from('{"step":7}\n') }] });
  },
);
