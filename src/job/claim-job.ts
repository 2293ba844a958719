import {
  type AttemptToken,
  type CheckpointId,
  type MonotonicMs,
  SpotproofError,
  VERSION,
  attemptNumber,
  backoffMs,
  newAttemptToken,
} from "../base/index.ts";
import { claimKey, jobKey } from "../store/keys.ts";
import type { Attempt, Inheritance } from "./attempt.ts";
import type { ClaimRequest, ClaimResult } from "./claim-request.ts";
import { endLostAttempt } from "./end-lost-attempt.ts";
import { inheritanceAfter } from "./inheritance.ts";
import { readLineageAfter } from "./lineage.ts";
import { observeAttempt } from "./observe-attempt.ts";
import { OwnedAttempt } from "./owned-attempt.ts";
import { recordBytes } from "./record-reading.ts";
import { type ClaimRecord, type OutcomeRecord, RECORD_FORMAT } from "./records.ts";
import {
  type StoredJob,
  committedCheckpoints,
  latestClaim,
  readClaim,
  readJobRecord,
  readOutcome,
} from "./stored-records.ts";

// Claiming a job. docs/job-protocol.md says why this is enough.
//   P1. An attempt has ended when its outcome exists. Whoever creates that decides how.
//   P2. Claim n+1 is created only after outcome n was seen, and names a checkpoint that was listed after it was seen.

/** What a new attempt starts from. */
interface Start {
  readonly number: number;
  readonly lineage: readonly CheckpointId[];
  readonly inherited: Inheritance;
}

/** A claim that was sent to the store. The same one is sent again, since it may have arrived. */
interface TriedClaim {
  readonly start: Start;
  readonly record: ClaimRecord;
  /** `clock.now()` before it was sent first. */
  readonly claimedAtMs: MonotonicMs;
}

const FIRST: Start = { number: 1, lineage: [], inherited: { failuresUsed: 0, idleAttempts: 0 } };

/**
 * Claims the job for this process: at once when its last attempt has ended, after the lease when that has vanished.
 * - Completed stays completed (J4). After `failed` or `stopped` an explicit start begins a new attempt with a whole failure
 *   budget; if the job ends so while this call waits, that is the answer.
 * - `no-progress` leaves no trace: the same start with a higher limit, or with 0, goes on.
 * - With `ifRunning: "leave"` nothing is observed: an attempt without an outcome counts as alive.
 * - With `patienceMs` a store that does not answer is tried again. The token stays the same, so a claim that was made and
 *   whose answer was lost is known as our own.
 * @throws SpotproofError of the store, `store-newer`, `record-damaged`
 */
export async function claimJob(request: ClaimRequest): Promise<ClaimResult> {
  try {
    return await new Claimant(request).run();
  } catch (error) {
    if (request.signal.aborted && error === request.signal.reason) return { kind: "aborted" };
    throw error;
  }
}

/** Between two tries while the store does not answer. */
const TRY_AGAIN = { firstMs: 200, longestMs: 5000 };

/** The latest attempt as one look at the store shows it. */
interface Look {
  readonly claim: ClaimRecord;
  readonly outcome: OutcomeRecord | undefined;
}

class Claimant {
  readonly #request: ClaimRequest;
  readonly #stored: StoredJob;
  readonly #token: AttemptToken = newAttemptToken();
  /** The attempt that had ended before this call began: only its end may be followed by a new start after a failure. */
  #endedBefore: number | undefined;
  #hasLooked = false;
  #waitingFor: number | undefined;
  /** By the number of the attempt. */
  readonly #tried = new Map<number, TriedClaim>();
  #troubles = 0;
  #troubleSinceMs: MonotonicMs | undefined;

  constructor(request: ClaimRequest) {
    this.#request = request;
    this.#stored = { store: request.store, job: request.job };
  }

  async run(): Promise<ClaimResult> {
    const { signal } = this.#request;
    while (!signal.aborted) {
      try {
        const result = await this.#claim();
        this.#answered();
        return result;
      } catch (error) {
        await this.#waitAfter(error);
      }
    }
    return { kind: "aborted" };
  }

  /** Throws what must not, or not any longer, be tried again. */
  async #waitAfter(error: unknown): Promise<void> {
    const { clock, random, signal, patienceMs = 0, onTrouble } = this.#request;
    if (!(error instanceof SpotproofError) || error.code !== "store-unreachable") throw error;
    this.#troubleSinceMs ??= clock.now();
    this.#troubles += 1;
    const waitMs = backoffMs(TRY_AGAIN, this.#troubles, random);
    if (clock.now() + waitMs - this.#troubleSinceMs > patienceMs) throw error;
    if (this.#troubles === 1) onTrouble?.(error);
    await clock.sleep(waitMs, signal);
  }

  /** Troubles that come after this are new ones. A look alone does not count: the store may read and not write. */
  #answered(): void {
    if (this.#troubles > 0) this.#request.onTrouble?.(undefined);
    this.#troubles = 0;
    this.#troubleSinceMs = undefined;
  }

  async #claim(): Promise<ClaimResult> {
    const { signal } = this.#request;
    const [first] = await Promise.all([this.#look(), this.#describeJob()]);
    let look = first;
    if (!this.#hasLooked) this.#endedBefore = look?.outcome === undefined ? undefined : look.claim.attempt;
    this.#hasLooked = true;
    while (!signal.aborted) {
      const result = await this.#step(look);
      if (result !== undefined) return result;
      look = await this.#look();
    }
    return { kind: "aborted" };
  }

  async #look(): Promise<Look | undefined> {
    const { signal } = this.#request;
    const claim = await latestClaim(this.#stored, { signal });
    if (claim === undefined) return undefined;
    return { claim, outcome: await readOutcome(this.#stored, claim.attempt, { signal }) };
  }

  /** Undefined when somebody else was faster and the store must be looked at again. */
  async #step(look: Look | undefined): Promise<ClaimResult | undefined> {
    if (look === undefined) return this.#tryClaim(FIRST);
    const { claim } = look;
    if (look.outcome !== undefined) return this.#succeed(claim, look.outcome);
    const { attempt, host } = claim;
    const tried = this.#tried.get(attempt);
    if (tried !== undefined && claim.token === this.#token) return this.#own(tried);
    if (this.#request.ifRunning === "leave") return { kind: "running-elsewhere", attempt, host };
    if (this.#waitingFor !== attempt) this.#request.onWaiting({ attempt, host });
    this.#waitingFor = attempt;
    const observed = await observeAttempt(this.#stored, claim, this.#request, false);
    this.#answered();
    if (observed.kind === "ended") return this.#succeed(claim, observed.outcome);
    if (observed.kind !== "silent") return { kind: "aborted" };
    const outcome = await endLostAttempt(this.#stored, claim, observed.heartbeat, this.#request, this.#token);
    return outcome === "moved" ? undefined : this.#succeed(claim, outcome);
  }

  /** What follows after an attempt that has ended. */
  async #succeed(claim: ClaimRecord, outcome: OutcomeRecord): Promise<ClaimResult | undefined> {
    const { maxIdleAttempts, signal } = this.#request;
    if (outcome.kind === "completed") return { kind: "completed", outcome };
    const forGood = outcome.kind === "failed" || outcome.kind === "stopped";
    if (forGood && claim.attempt !== this.#endedBefore) return { kind: "ended-elsewhere", outcome };
    // Only now, after the outcome was seen: a save that is acknowledged has its manifest before that (P2).
    const present = await committedCheckpoints(this.#stored, { signal });
    const inherited = inheritanceAfter(claim, outcome, present);
    if (maxIdleAttempts > 0 && inherited.idleAttempts >= maxIdleAttempts) {
      return { kind: "no-progress", idleAttempts: inherited.idleAttempts };
    }
    const lineage = await readLineageAfter(this.#stored, claim, present, { signal });
    return this.#tryClaim({ number: claim.attempt + 1, lineage, inherited });
  }

  async #tryClaim(start: Start): Promise<ClaimResult | undefined> {
    const { clock, signal, job } = this.#request;
    signal.throwIfAborted();
    const tried = this.#tried.get(start.number) ?? {
      start,
      record: this.#claimRecord(start),
      claimedAtMs: clock.now(),
    };
    this.#tried.set(start.number, tried);
    const { record } = tried;
    const key = claimKey(job, record.attempt);
    // Without the signal: "aborted" promises that nothing was claimed.
    const created = await this.#stored.store.create(key, recordBytes(record));
    if (created === "exists") {
      const present = await readClaim(this.#stored, record.attempt, { signal });
      // Ours when the store repeated the request after its first answer was lost.
      if (present?.token !== this.#token) return undefined;
    }
    return this.#own(tried);
  }

  #own({ start, record, claimedAtMs }: TriedClaim): ClaimResult {
    const attempt: Attempt = new OwnedAttempt({
      stored: this.#stored,
      clock: this.#request.clock,
      number: record.attempt,
      token: this.#token,
      lineage: start.lineage,
      inherited: start.inherited,
      claimedAtMs,
    });
    return { kind: "claimed", attempt };
  }

  #claimRecord(start: Start): ClaimRecord {
    const { job, clock, host, pid, command, heartbeatMs } = this.#request;
    return {
      format: RECORD_FORMAT,
      job,
      attempt: attemptNumber(start.number),
      token: this.#token,
      resumesFrom: start.lineage[0] ?? null,
      failuresUsed: start.inherited.failuresUsed,
      idleAttempts: start.inherited.idleAttempts,
      heartbeatMs,
      claimedAt: new Date(clock.wallTime()).toISOString(),
      host,
      pid,
      command,
      writtenBy: `spotproof ${VERSION}`,
    };
  }

  /** Writes job.json when it is absent. */
  async #describeJob(): Promise<void> {
    const { store, job, clock, signal } = this.#request;
    if ((await readJobRecord(this.#stored, { signal })) !== undefined) return;
    const record = {
      format: RECORD_FORMAT,
      job,
      createdAt: new Date(clock.wallTime()).toISOString(),
      writtenBy: `spotproof ${VERSION}`,
    };
    await store.create(jobKey(job), recordBytes(record), { signal });
  }
}
