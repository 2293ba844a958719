import type { RehearsalRecord, RehearsedJob } from "../rehearsal/record.ts";
import type { NoticeUse } from "./verdict.ts";

/** What a job made of every notice that was followed by an end. */
export function noticeUses(record: RehearsalRecord, job: RehearsedJob): readonly NoticeUse[] {
  const untilMs = job.finishedMs ?? Number.POSITIVE_INFINITY;
  return record.interruptions.flatMap(({ number, noticeMs, endMs, leadMs, cancelledMs }) => {
    if (noticeMs === undefined || endMs === undefined || leadMs === undefined || cancelledMs !== undefined)
      return [];
    // The other job of the rehearsal went on.
    if (noticeMs >= untilMs) return [];
    const attempt = job.attempts.find(
      ({ heardMs }) => heardMs !== undefined && heardMs >= noticeMs && heardMs <= endMs,
    );
    if (attempt?.heardMs === undefined) return [{ interruption: number, leadMs }];
    return [
      {
        interruption: number,
        leadMs,
        heardAfterMs: attempt.heardMs - noticeMs,
        ...(attempt.toMs < endMs ? { leftBeforeEndMs: endMs - attempt.toMs } : {}),
      },
    ];
  });
}
