import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { attemptNumber, checkpointId, packId } from "../../base/index.ts";
import { JOB } from "../folder.fixture.ts";
import { type Manifest, manifestFromBytes, manifestToBytes } from "./manifest.ts";
import { asNew } from "./new-manifest.fixture.ts";

const ATTEMPT = attemptNumber(3);
const ID = checkpointId(ATTEMPT, 7);
const MANIFEST: Manifest = {
  format: 1,
  job: JOB,
  id: ID,
  reason: "notice",
  capturedAt: "2026-01-02T03:04:05.678Z",
  note: { progress: { done: 40, total: 100 }, text: 'ends like a tail: ,"sha256":"' },
  files: 2,
  totalBytes: 12,
  list: { kind: "inline", lines: [{ path: "", type: "directory" }] },
  packs: new Map([[packId(ATTEMPT, 1), 1234]]),
};

function withDigest(object: object): Buffer {
  const body = JSON.stringify(object).slice(0, -1);
  const digest = createHash("sha256").update(body).digest("hex");
  return Buffer.from(`${body},"sha256":"${digest}"}\n`);
}

test("a manifest comes back as it was, and is plain JSON", () => {
  const bytes = manifestToBytes(asNew(MANIFEST));
  expect(manifestFromBytes(bytes, JOB, ID)).toEqual(MANIFEST);
  expect(JSON.parse(bytes.toString())).toMatchObject({ format: 1, job: JOB, attempt: 3, sequence: 7 });
});

test("C01: one flipped bit anywhere in a manifest is found", () => {
  const bytes = manifestToBytes(asNew(MANIFEST));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const at = bit >> 3;
    bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
    expect(() => manifestFromBytes(bytes, JOB, ID), `bit ${bit}`).toThrow(/checkpoint-damaged/);
    bytes[at] = bytes[at] ^ (1 << (bit & 7));
  }
});

test("C01: a manifest that was cut off anywhere is found", () => {
  const bytes = manifestToBytes(asNew(MANIFEST));
  for (let length = 0; length < bytes.length; length += 1) {
    expect(() => manifestFromBytes(bytes.subarray(0, length), JOB, ID)).toThrow(/checkpoint-damaged/);
  }
});

test("C10: a manifest of a newer version is refused as that", () => {
  expect(() => manifestFromBytes(withDigest({ format: 3, whatever: [] }), JOB, ID)).toThrow(/store-newer/);
});

test.each([
  ["no format", {}],
  ["another job", { format: 1, job: "other", attempt: 3, sequence: 7 }],
  ["another checkpoint", { format: 1, job: JOB, attempt: 3, sequence: 8 }],
  [
    "no list",
    { format: 1, job: JOB, attempt: 3, sequence: 7, reason: "", capturedAt: "", files: 0, totalBytes: 0 },
  ],
])("C01: a manifest with a right digest but %s is damaged", (_, object) => {
  expect(() => manifestFromBytes(withDigest(object), JOB, ID)).toThrow(/checkpoint-damaged/);
});
