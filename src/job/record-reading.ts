import * as v from "valibot";
import {
  type AttemptNumber,
  type AttemptToken,
  type CheckpointId,
  type JobName,
  SpotproofError,
  isNumberPair,
  reasonOf,
} from "../base/index.ts";
import type { StoreKey } from "../store/store.ts";
import {
  type ClaimRecord,
  type EventBatchRecord,
  type HeartbeatRecord,
  type JobRecord,
  type OutcomeRecord,
  RECORD_FORMAT,
} from "./records.ts";

// Fields that this version does not know are ignored: a later version of the same format may add some.

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const attempt = v.pipe(v.number(), v.integer(), v.minValue(1));
const token = v.pipe(v.string(), v.minLength(1));
const checkpoint = v.pipe(v.string(), v.check(isNumberPair, "not the name of a checkpoint"));
const progress = v.object({
  done: v.number(),
  total: v.optional(v.number()),
  unit: v.optional(v.string()),
});
const lastCheckpoint = {
  progress: v.optional(progress),
  lastCheckpoint: v.optional(checkpoint),
  lastCheckpointAtMs: v.optional(v.number()),
  lastCheckpointProgress: v.optional(progress),
};
const event = v.object({
  number: count,
  kind: v.string(),
  atMs: v.number(),
  at: v.string(),
  detail: v.optional(v.record(v.string(), v.unknown())),
});

const jobSchema = v.object({
  format: count,
  job: v.string(),
  createdAt: v.string(),
  writtenBy: v.string(),
});

const claimSchema = v.object({
  format: count,
  job: v.string(),
  attempt,
  token,
  resumesFrom: v.nullable(checkpoint),
  failuresUsed: count,
  idleAttempts: count,
  heartbeatMs: v.optional(v.number()),
  claimedAt: v.string(),
  host: v.string(),
  pid: v.number(),
  command: v.array(v.string()),
  writtenBy: v.string(),
});

const heartbeatSchema = v.object({
  format: count,
  attempt,
  token,
  beat: attempt,
  aliveMs: v.number(),
  writtenAt: v.string(),
  phase: v.string(),
  ...lastCheckpoint,
  failuresUsed: v.optional(count),
  blind: v.optional(v.array(v.string())),
});

const outcomeSchema = v.object({
  format: count,
  attempt,
  kind: v.picklist(["completed", "interrupted", "failed", "stopped", "lost", "fenced-out"]),
  reason: v.string(),
  endedBy: token,
  aliveMs: v.nullable(v.number()),
  endedAt: v.string(),
  exitStatus: v.optional(v.number()),
  exitSignal: v.optional(v.string()),
  notice: v.optional(
    v.object({
      source: v.string(),
      action: v.string(),
      cause: v.string(),
      leadMs: v.optional(v.number()),
    }),
  ),
  failuresUsed: count,
  checkpointsCommitted: count,
  ...lastCheckpoint,
  survivorsKilled: v.optional(v.array(v.string())),
  events: v.optional(v.array(event)),
});

const eventBatchSchema = v.object({ format: count, attempt, token, events: v.array(event) });

/** The types with which the ids of a parsed record are marked once they have been checked. */
type Marked = JobName | AttemptNumber | AttemptToken | CheckpointId;
/** A record as valibot gives it back: the same, its ids not yet marked. */
type Plain<T> = unknown extends T
  ? unknown
  : T extends Marked
    ? T extends string
      ? string
      : number
    : { readonly [K in keyof T]: Plain<T[K]> };

/** Each throws `store-newer` for a record of a later format, and `record-damaged` for one that cannot be read. */
export const parseJobRecord = reader<JobRecord>(jobSchema);
export const parseClaim = reader<ClaimRecord>(claimSchema);
export const parseHeartbeat = reader<HeartbeatRecord>(heartbeatSchema);
export const parseOutcome = reader<OutcomeRecord>(outcomeSchema);
export const parseEventBatch = reader<EventBatchRecord>(eventBatchSchema);

function reader<T>(schema: v.GenericSchema<unknown, Plain<T>>): (key: StoreKey, bytes: Uint8Array) => T {
  return (key, bytes) => {
    const value = parseJson(key, bytes);
    refuseNewer(key, value);
    const result = v.safeParse(schema, value);
    if (result.success) return result.output as T;
    const [issue] = result.issues;
    throw damaged(key, `${v.getDotPath(issue) ?? "the record"}: ${issue.message}`);
  };
}

function parseJson(key: StoreKey, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(key, reasonOf(error), error);
  }
}

function refuseNewer(key: StoreKey, value: unknown): void {
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format === "number" && format > RECORD_FORMAT) {
    throw new SpotproofError(
      "store-newer",
      `${key} has format ${format}; this version knows ${RECORD_FORMAT}.`,
    );
  }
}

function damaged(key: StoreKey, reason: string, cause?: unknown): SpotproofError {
  return new SpotproofError("record-damaged", `${key}: ${reason}.`, { cause });
}

/** The bytes of a record: JSON in UTF-8, with a line break at the end. */
export function recordBytes(
  record: JobRecord | ClaimRecord | HeartbeatRecord | OutcomeRecord | EventBatchRecord,
): readonly Uint8Array[] {
  return [Buffer.from(`${JSON.stringify(record, undefined, 1)}\n`)];
}
