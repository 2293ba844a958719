import type { Notice } from "../../notice.ts";
import type { SourceReport } from "../../notice-source.ts";
import type { Sighting } from "./item.ts";

/** A single look that misses a known event may be a glitch; this many in a row mean that it is gone (D12). */
const MISSES_UNTIL_CLEARED = 2;

/**
 * The `Date` header is whole seconds, so the same deadline seems to move by up to one. Only a deadline that is earlier by
 * more than this is told again.
 */
const DEADLINE_NOISE_MS = 1000;

interface Known {
  readonly notice: Notice;
  readonly misses: number;
}

/** What this source knows of the events of one item: turns looks into reports (D06, D12). */
export interface Sightings {
  /** Takes in one look; gives what is to be reported. */
  take(sighting: Extract<Sighting, { kind: "events" }>): readonly SourceReport[];
  known(id: string): Notice | undefined;
}

/** Knows nothing yet. `itemName` is for the reasons. */
export function createSightings(itemName: string): Sightings {
  const all = new Map<string, Known>();
  return {
    known: (id) => all.get(id)?.notice,
    take({ notices, ended = new Map<string, string>() }) {
      const reports: SourceReport[] = [];
      for (const notice of notices) {
        const before = all.get(notice.id)?.notice;
        const now = before === undefined ? notice : withEarliestDeadline(before, notice);
        all.set(notice.id, { notice: now, misses: 0 });
        if (now !== before) reports.push({ kind: "noticed", notice: now });
      }
      const seen = new Set(notices.map((notice) => notice.id));
      for (const [id, { notice, misses }] of all) {
        if (seen.has(id)) continue;
        const endReason = ended.get(id);
        if (endReason === undefined && misses + 1 < MISSES_UNTIL_CLEARED) {
          all.set(id, { notice, misses: misses + 1 });
          continue;
        }
        all.delete(id);
        const reason = endReason ?? `${itemName} does not announce it any more`;
        reports.push({ kind: "cleared", noticeId: id, reason });
      }
      return reports;
    },
  };
}

/** The very same object as `before` when there is nothing new to tell. */
function withEarliestDeadline(before: Notice, seen: Notice): Notice {
  const becameInterruption = before.kind === "early-signal" && seen.kind === "interruption";
  const isEarlier =
    seen.deadline !== undefined &&
    (before.deadline === undefined || seen.deadline.atMs < before.deadline.atMs - DEADLINE_NOISE_MS);
  if (!becameInterruption && !isEarlier) return before;
  const kept = isEarlier ? seen : before;
  // Once it was near, it stays near: a clock that stutters does not take an interruption back.
  const kind = becameInterruption ? seen.kind : before.kind;
  return { ...seen, kind, deadline: kept.deadline, deadlineAssumed: kept.deadlineAssumed };
}
