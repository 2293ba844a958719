import { describe, expect, test } from "vitest";
import type { AttemptNumber, AttemptToken, CheckpointId, JobName } from "../base/index.ts";
import {
  parseClaim,
  parseEventBatch,
  parseHeartbeat,
  parseJobRecord,
  parseOutcome,
  recordBytes,
} from "./record-reading.ts";
import type { ClaimRecord, HeartbeatRecord, OutcomeRecord } from "./records.ts";

const KEY = "jobs/train/attempts/000002/claim.json";
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const claim: ClaimRecord = {
  format: 1,
  job: "train" as JobName,
  attempt: 2 as AttemptNumber,
  token: "0f" as AttemptToken,
  resumesFrom: "000001-000007" as CheckpointId,
  failuresUsed: 1,
  idleAttempts: 0,
  heartbeatMs: 10_000,
  claimedAt: "2026-11-23T00:00:00.000Z",
  host: "ip-10-0-0-1",
  pid: 7,
  command: ["python", "train.py"],
  writtenBy: "spotproof 0.1.0",
};

const heartbeat: HeartbeatRecord = {
  format: 1,
  attempt: 2 as AttemptNumber,
  token: "0f" as AttemptToken,
  beat: 3,
  aliveMs: 30_000,
  writtenAt: "2026-11-23T00:00:30.000Z",
  phase: "running",
  progress: { done: 4, total: 10, unit: "epochs" },
  lastCheckpoint: "000002-000001" as CheckpointId,
  lastCheckpointAtMs: 20_000,
  lastCheckpointProgress: { done: 3 },
  failuresUsed: 1,
  blind: ["ec2-metadata"],
};

const outcome: OutcomeRecord = {
  format: 1,
  attempt: 2 as AttemptNumber,
  kind: "interrupted",
  reason: "terminate in 118 s",
  exitStatus: 0,
  exitSignal: "SIGTERM",
  notice: { source: "ec2-metadata", action: "terminate", cause: "spot", leadMs: 118_000 },
  failuresUsed: 1,
  checkpointsCommitted: 2,
  lastCheckpoint: "000002-000002" as CheckpointId,
  survivorsKilled: ["python (12)"],
  endedBy: "0f" as AttemptToken,
  aliveMs: 60_000,
  endedAt: "2026-11-23T00:01:00.000Z",
  events: [{ number: 1, kind: "save", atMs: 5, at: "2026-11-23T00:00:00.005Z", detail: { files: 3 } }],
};

const joined = (pieces: readonly Uint8Array[]): Buffer => Buffer.concat(pieces);

describe("a record", () => {
  test("is read as it was written", () => {
    expect(parseClaim(KEY, joined(recordBytes(claim)))).toEqual(claim);
    expect(parseHeartbeat(KEY, joined(recordBytes(heartbeat)))).toEqual(heartbeat);
    expect(parseOutcome(KEY, joined(recordBytes(outcome)))).toEqual(outcome);
  });

  test("may have fields that this version does not know", () => {
    expect(parseClaim(KEY, bytes({ ...claim, colour: "green" }))).toEqual(claim);
  });

  test("of a later format is refused as store-newer, whatever else it holds", () => {
    for (const parse of [parseClaim, parseHeartbeat, parseOutcome, parseJobRecord, parseEventBatch]) {
      expect(() => parse(KEY, bytes({ format: 2 }))).toThrow(
        expect.objectContaining({ code: "store-newer" }),
      );
    }
  });

  test.each([
    ["nothing", ""],
    ["half of one", `{"format":1,"job":"tr`],
    ["text", "hello"],
    ["a list", "[]"],
    ["null", "null"],
    ["no format", JSON.stringify({ ...claim, format: undefined })],
    ["a format that is text", JSON.stringify({ ...claim, format: "1" })],
    ["a missing token", JSON.stringify({ ...claim, token: undefined })],
    ["a checkpoint that is none", JSON.stringify({ ...claim, resumesFrom: "../../etc/passwd" })],
    ["a negative number of failures", JSON.stringify({ ...claim, failuresUsed: -1 })],
    ["a command that is text", JSON.stringify({ ...claim, command: "python" })],
  ])("that holds %s is refused as record-damaged, with its key", (_, text) => {
    expect(() => parseClaim(KEY, Buffer.from(text))).toThrow(
      expect.objectContaining({ code: "record-damaged", detail: expect.stringContaining(KEY) as string }),
    );
  });

  test("that is not UTF-8 is refused as record-damaged", () => {
    expect(() => parseClaim(KEY, Buffer.from([0x22, 0xff, 0x22]))).toThrow(/record-damaged/);
  });

  test("names the field that is wrong", () => {
    expect(() => parseOutcome(KEY, bytes({ ...outcome, kind: "vanished" }))).toThrow(/kind/);
  });
});
