import { randomBytes } from "node:crypto";
import { SpotproofError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** The name of a job: what `--job` takes. */
export type JobName = Branded<string, "JobName">;
/** Which life of the job: 1, 2, 3 … */
export type AttemptNumber = Branded<number, "AttemptNumber">;
/** `000003-000007`: attempt 3, its 7th checkpoint. Sorts as text in the order in which they were made. */
export type CheckpointId = Branded<string, "CheckpointId">;
/** `000003-000012`: attempt 3, its 12th pack. */
export type PackId = Branded<string, "PackId">;
/** 128 random bits that one acquisition of a job has to itself. */
export type AttemptToken = Branded<string, "AttemptToken">;

const HIGHEST = 999_999;

/**
 * Checks the name of a job: 1 to 100 of the characters `A-Z a-z 0-9 . _ -`, beginning with a letter or digit.
 * That makes it one path segment in every store.
 * @throws SpotproofError `bad-usage`
 */
export function parseJobName(text: string): JobName {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) {
    throw new SpotproofError(
      "bad-usage",
      `"${text}" cannot be the name of a job. Use 1 to 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit.`,
    );
  }
  return text as JobName;
}

/** @throws SpotproofError `bad-usage` when it is not a whole number from 1 to 999999. */
export function attemptNumber(value: number): AttemptNumber {
  if (!Number.isInteger(value) || value < 1 || value > HIGHEST) {
    throw new SpotproofError("bad-usage", `${value} is not the number of an attempt (1 to ${HIGHEST}).`);
  }
  return value as AttemptNumber;
}

/** The six digits by which attempts, checkpoints and packs are numbered in keys. */
export function sixDigits(value: number): string {
  return String(value).padStart(6, "0");
}

/** @throws SpotproofError `bad-usage` when the text is not of the form `000003-000007`. */
export function parseCheckpointId(text: string): CheckpointId {
  if (!isNumberPair(text)) {
    throw new SpotproofError(
      "bad-usage",
      `"${text}" is not the name of a checkpoint; they look like 000003-000007.`,
    );
  }
  return text as CheckpointId;
}

/** Whether a text has the form `000003-000007`, neither number zero. */
export function isNumberPair(text: string): boolean {
  return /^\d{6}-\d{6}$/.test(text) && !text.startsWith("000000") && !text.endsWith("000000");
}

/** The id of the `sequence`-th checkpoint of an attempt. */
export function checkpointId(attempt: AttemptNumber, sequence: number): CheckpointId {
  return `${sixDigits(attempt)}-${sixDigits(sequence)}` as CheckpointId;
}

/** The id of the `sequence`-th pack of an attempt. */
export function packId(attempt: AttemptNumber, sequence: number): PackId {
  return `${sixDigits(attempt)}-${sixDigits(sequence)}` as PackId;
}

/** The attempt and the sequence that a checkpoint's or pack's id names. */
export function idParts(id: CheckpointId | PackId): {
  readonly attempt: AttemptNumber;
  readonly sequence: number;
} {
  return { attempt: Number(id.slice(0, 6)) as AttemptNumber, sequence: Number(id.slice(7)) };
}

/** A fresh token. */
export function newAttemptToken(): AttemptToken {
  return randomBytes(16).toString("hex") as AttemptToken;
}
