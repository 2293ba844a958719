import { idParts, parseCheckpointId } from "../../base/index.ts";
import type { AttemptDraft } from "./attempt-draft.ts";

// Where in its work each attempt began, in ms of work: what earlier attempts had done and had left in something that
// outlived them. A job without progress reports is judged by this alone: the newest change of a file in the checkpoint from
// which an attempt went on is the moment up to which its predecessor's work was kept.

/** When a file of a checkpoint was changed last, in ms of the rehearsal; undefined when it holds no file. */
export type NewestChange = (checkpoint: string) => number | undefined;

/** How long an attempt worked, in ms; up to `nowMs` when it still does. */
export function workedMs(attempt: AttemptDraft, nowMs: number): number {
  if (attempt.workFromMs === undefined) return 0;
  return attempt.ranMs(attempt.workFromMs, attempt.workToMs ?? attempt.toMs ?? nowMs);
}

/** The position at which an attempt began, in ms of work; 0 = from nothing. */
export function basePosition(
  attempt: AttemptDraft,
  attempts: readonly AttemptDraft[],
  newestChange: NewestChange,
): number {
  if (attempt.keptUntilMs !== undefined)
    return positionAt(attempt.keptUntilMs, attempt, attempts, newestChange);
  return attempt.resumedFrom === undefined
    ? 0
    : checkpointPosition(attempt.resumedFrom, attempts, newestChange);
}

/** The position that a checkpoint holds. */
export function checkpointPosition(
  checkpoint: string,
  attempts: readonly AttemptDraft[],
  newestChange: NewestChange,
): number {
  const changedMs = newestChange(checkpoint);
  const number: number = idParts(parseCheckpointId(checkpoint)).attempt;
  const author = attempts.find((one) => one.number === number);
  if (changedMs === undefined || author === undefined) return 0;
  const base = basePosition(author, attempts, newestChange);
  if (author.workFromMs === undefined || changedMs <= author.workFromMs) return base;
  return base + Math.min(author.ranMs(author.workFromMs, changedMs), workedMs(author, changedMs));
}

/** For a job that nobody supervises: what its predecessor had left outside of its machine until that moment. */
function positionAt(
  momentMs: number,
  attempt: AttemptDraft,
  attempts: readonly AttemptDraft[],
  newestChange: NewestChange,
): number {
  const before = attempts[attempts.indexOf(attempt) - 1];
  if (before?.workFromMs === undefined) return 0;
  const base = basePosition(before, attempts, newestChange);
  if (momentMs <= before.workFromMs) return base;
  return base + Math.min(before.ranMs(before.workFromMs, momentMs), workedMs(before, momentMs));
}

/** Useful and lost work of one attempt, in ms. */
export interface WorkShare {
  readonly usefulMs: number;
  readonly lostMs: number;
}

/**
 * Divides the work of every attempt into what the end builds on and what was lost. `keptMs`: the position that is safe at
 * the end, which for a completed job is all that its last attempt did.
 */
export function shareWork(
  attempts: readonly AttemptDraft[],
  newestChange: NewestChange,
  completed: AttemptDraft | undefined,
  nowMs: number,
): ReadonlyMap<AttemptDraft, WorkShare> {
  const shares = new Map<AttemptDraft, WorkShare>();
  let needMs = keptAtEnd(attempts, newestChange, completed, nowMs);
  const order = [...attempts].sort((a, b) => a.number - b.number);
  const last = completed ?? order.at(-1);
  for (const attempt of order.reverse()) {
    const worked = workedMs(attempt, nowMs);
    const base = basePosition(attempt, attempts, newestChange);
    // What an attempt did after its successor had the job is in nothing that lives.
    const isLater = last !== undefined && attempt.number > last.number;
    const usefulMs = isLater ? 0 : Math.min(worked, Math.max(0, needMs - base));
    if (usefulMs > 0) needMs = base;
    shares.set(attempt, { usefulMs, lostMs: worked - usefulMs });
  }
  return shares;
}

function keptAtEnd(
  attempts: readonly AttemptDraft[],
  newestChange: NewestChange,
  completed: AttemptDraft | undefined,
  nowMs: number,
): number {
  if (completed !== undefined) {
    return basePosition(completed, attempts, newestChange) + workedMs(completed, nowMs);
  }
  const saved = attempts.flatMap(({ saves }) => saves).map(({ id }) => id);
  const newest = saved.sort().at(-1);
  return newest === undefined ? 0 : checkpointPosition(newest, attempts, newestChange);
}

/** Progress that was reported by the moment at which a checkpoint was captured, in the job's unit; 0 before any report. */
export function progressInCheckpoint(checkpoint: string, attempts: readonly AttemptDraft[]): number {
  const number: number = idParts(parseCheckpointId(checkpoint)).attempt;
  const author = attempts.find((one) => one.number === number);
  const save = author?.saves.find(({ id }) => id === checkpoint);
  if (author === undefined) return 0;
  const capturedMs = save === undefined ? Number.POSITIVE_INFINITY : save.atMs - save.durationMs;
  const reported = author.progress.findLast(({ atMs }) => atMs <= capturedMs);
  if (reported !== undefined) return reported.done;
  return author.resumedFrom === undefined ? 0 : progressInCheckpoint(author.resumedFrom, attempts);
}
