import { type Clock, type Random, SpotproofError } from "../base/index.ts";
import type { ClaimRecord, HeartbeatRecord, OutcomeRecord } from "./records.ts";
import { Silence } from "./silence.ts";
import { type StoredJob, readHeartbeat, readOutcome } from "./stored-records.ts";

/** How an attempt is observed. */
export interface Observer {
  readonly clock: Clock;
  readonly random: Random;
  /** How long its heartbeat must stay unchanged before it counts as lost, in ms. */
  readonly leaseMs: number;
  /** How often live attempts rewrite theirs, in ms. */
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
}

/** What observing an attempt found out. */
export type Observed =
  | { readonly kind: "ended"; readonly outcome: OutcomeRecord }
  /** Only when asked to return at the first sign of life. */
  | { readonly kind: "alive" }
  /** Silent for the whole lease. `heartbeat` is the last one, absent when there never was one. */
  | { readonly kind: "silent"; readonly heartbeat: HeartbeatRecord | undefined }
  | { readonly kind: "aborted" };

/** Between two looks, in ms, at most. */
const LONGEST_POLL_MS = 1000;
/** A store that does not answer for this long, in ms, is trouble that a person should hear of. */
const PATIENCE_MS = 60_000;

/**
 * Watches an attempt until it has an outcome, has been silent for the whole lease, or the signal aborts. With
 * `returnWhenAlive` also until it moves. A store that fails now and then is waited for, and the lease begins anew: the
 * attempt may be unable to reach it as well.
 * @throws SpotproofError what the store threw last, when it has failed for a minute and a whole lease
 */
export async function observeAttempt(
  stored: StoredJob,
  claim: ClaimRecord,
  observer: Observer,
  returnWhenAlive: boolean,
): Promise<Observed> {
  const { clock, signal } = observer;
  const leaseMs = leaseFor(claim, observer);
  const longestStepMs = longestStepFor(observer, leaseMs);
  const pollMs = Math.min(LONGEST_POLL_MS, longestStepMs / 2);
  const silence = new Silence({ leaseMs, longestStepMs });
  let answeredAtMs = clock.now();
  while (!signal.aborted) {
    try {
      const look = await lookAt(stored, claim, observer);
      answeredAtMs = look.endedAtMs;
      if (look.outcome !== undefined) return { kind: "ended", outcome: look.outcome };
      const change = silence.observe(look);
      if (change === "moved" && returnWhenAlive) return { kind: "alive" };
      if (silence.leaseIsOver) return { kind: "silent", heartbeat: look.heartbeat };
    } catch (error) {
      if (signal.aborted) break;
      if (!mayRecover(error) || clock.now() - answeredAtMs > Math.max(PATIENCE_MS, leaseMs)) throw error;
      silence.interrupted();
    }
    await clock.sleep(pollMs * (0.75 + 0.25 * observer.random.next()), signal);
  }
  return { kind: "aborted" };
}

/** The longest wait between two looks that counts as watching, in ms. */
export function longestStepFor(observer: Pick<Observer, "heartbeatMs">, leaseMs: number): number {
  return Math.min(observer.heartbeatMs, leaseMs / 3);
}

/** An attempt that promised to beat more slowly than the claimant expects gets the time of two of its own beats (K05). */
function leaseFor(claim: ClaimRecord, observer: Observer): number {
  return Math.max(observer.leaseMs, 2 * (claim.heartbeatMs ?? 0));
}

interface Look {
  readonly outcome: OutcomeRecord | undefined;
  readonly heartbeat: HeartbeatRecord | undefined;
  readonly seen: string;
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

async function lookAt(stored: StoredJob, claim: ClaimRecord, { clock, signal }: Observer): Promise<Look> {
  const begunAtMs = clock.now();
  const [outcome, heartbeat] = await Promise.all([
    readOutcome(stored, claim.attempt, { signal }),
    readHeartbeat(stored, claim.attempt, { signal }),
  ]);
  return { outcome, heartbeat, seen: beatSeen(heartbeat), begunAtMs, endedAtMs: clock.now() };
}

/** What of a heartbeat changes with each beat. */
export function beatSeen(heartbeat: HeartbeatRecord | undefined): string {
  return heartbeat === undefined ? "no beat yet" : `${heartbeat.token} ${heartbeat.beat}`;
}

function mayRecover(error: unknown): boolean {
  return error instanceof SpotproofError && error.entry.retry === "may-help";
}
