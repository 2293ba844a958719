import type { Plan } from "../scenario/plan.ts";

/** What EC2 gives. */
const USUAL_LEAD_MS = 120_000;

/** EC2 names whole seconds, and Spotproof takes up to two off for that: a shorter lead would be none. */
const SHORTEST_USUAL_LEAD_MS = 3000;

/** Share of the whole work that a usual lead should take: shorter, and a job would hardly notice it. */
const LEAD_SHARE = 0.2;

/** For a job of which nobody knows how long it takes. */
const UNKNOWN_LENGTH_SPEED = 20;

/**
 * The speed at which the usual notice of a plan takes a fifth of the job's own time, between 1 and what makes two minutes
 * three seconds (40). A job of ten minutes or more is rehearsed in real time.
 */
export function automaticSpeed(plan: Plan, workMs: number | undefined): number {
  if (workMs === undefined) return UNKNOWN_LENGTH_SPEED;
  const leads = plan.interruptions.flatMap(({ notice }) =>
    notice === undefined || notice.leadMs === 0 ? [] : [notice.leadMs],
  );
  const leadMs = Math.max(...leads, leads.length === 0 ? USUAL_LEAD_MS : 0);
  const wantedMs = Math.max(SHORTEST_USUAL_LEAD_MS, workMs * LEAD_SHARE);
  return Math.max(1, Math.round((leadMs / wantedMs) * 10) / 10);
}
