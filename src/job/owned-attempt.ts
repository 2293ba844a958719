import {
  type AttemptNumber,
  type AttemptToken,
  type CheckpointId,
  type Clock,
  type JobName,
  SpotproofError,
  attemptNumber,
  sixDigits,
} from "../base/index.ts";
import { claimKey, eventsPrefix, heartbeatKey, outcomeKey } from "../store/keys.ts";
import type { StoreKey } from "../store/store.ts";
import type { Attempt, Inheritance, Validity } from "./attempt.ts";
import { recordBytes } from "./record-reading.ts";
import {
  type AttemptStatus,
  type EventRecord,
  type HeartbeatRecord,
  type Outcome,
  type OutcomeRecord,
  RECORD_FORMAT,
} from "./records.ts";
import { type StoredJob, readOutcome } from "./stored-records.ts";

/** What `claimJob` hands to the attempt that it has won. */
export interface OwnedAttemptParts {
  readonly stored: StoredJob;
  readonly clock: Clock;
  readonly number: AttemptNumber;
  readonly token: AttemptToken;
  readonly lineage: readonly CheckpointId[];
  readonly inherited: Inheritance;
  /** `clock.now()` before the claim was written. */
  readonly claimedAtMs: number;
}

/** A batch of events on its way to the store: until that has answered, repeating it must give the same object. */
interface EventBatch {
  readonly key: StoreKey;
  readonly events: readonly EventRecord[];
}

/** The attempt that this process has claimed. */
export class OwnedAttempt implements Attempt {
  readonly job: JobName;
  readonly number: AttemptNumber;
  readonly token: AttemptToken;
  readonly resumesFrom: CheckpointId | undefined;
  readonly lineage: readonly CheckpointId[];
  readonly inherited: Inheritance;
  readonly signsOfEnd: readonly StoreKey[];
  readonly #stored: StoredJob;
  readonly #clock: Clock;
  readonly #claimedAtMs: number;
  readonly #fencedOut = new AbortController();
  /** `end` was called: an outcome that carries our token is then our own. */
  #ending = false;
  #ended = false;
  #beats = 0;
  #eventsNoted = 0;
  #batchesWritten = 0;
  #noted: EventRecord[] = [];
  #batch: EventBatch | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: OwnedAttemptParts) {
    this.job = parts.stored.job;
    this.number = parts.number;
    this.token = parts.token;
    this.resumesFrom = parts.lineage[0];
    this.lineage = parts.lineage;
    this.inherited = parts.inherited;
    this.signsOfEnd = [outcomeKey(this.job, this.number), claimKey(this.job, attemptNumber(this.number + 1))];
    this.#stored = parts.stored;
    this.#clock = parts.clock;
    this.#claimedAtMs = parts.claimedAtMs;
  }

  get fencedOut(): AbortSignal {
    return this.#fencedOut.signal;
  }

  async validity(signal?: AbortSignal): Promise<Validity> {
    // After its own end an attempt owns nothing either: a save that comes too late is not acknowledged.
    if (this.#fencedOut.signal.aborted || this.#ended) return "fenced-out";
    const { store } = this.#stored;
    // Whether they exist is all that counts: a damaged one ends this attempt as well.
    const found = await Promise.all(this.signsOfEnd.map((key) => store.read(key, { signal })));
    const [outcome, laterClaim] = found;
    if (outcome === undefined && laterClaim === undefined) return "valid";
    if (this.#ended || (this.#ending && outcome?.includes(this.token) === true)) return "fenced-out";
    return this.#isFencedOut();
  }

  async beat(status: AttemptStatus, signal?: AbortSignal): Promise<Validity> {
    if (this.#fencedOut.signal.aborted || this.#ended) return "fenced-out";
    this.#beats += 1;
    const record: HeartbeatRecord = {
      ...status,
      format: RECORD_FORMAT,
      attempt: this.number,
      token: this.token,
      beat: this.#beats,
      aliveMs: this.#aliveMs(),
      writtenAt: this.#wallTime(),
    };
    const key = heartbeatKey(this.job, this.number);
    await Promise.all([
      this.#stored.store.replace(key, recordBytes(record), { signal }),
      this.flushEvents(signal),
    ]);
    return this.validity(signal);
  }

  note(kind: string, detail?: Readonly<Record<string, unknown>>): void {
    this.#eventsNoted += 1;
    this.#noted.push({
      number: this.#eventsNoted,
      kind,
      atMs: this.#aliveMs(),
      at: this.#wallTime(),
      ...(detail === undefined ? {} : { detail }),
    });
  }

  async flushEvents(signal?: AbortSignal): Promise<void> {
    // One batch at a time; what was noted since goes with the next.
    const mine = this.#writing.then(() => this.#writeBatch(signal));
    // Its failure is told to the one who asked; the batch is kept and repeated with the next flush.
    this.#writing = mine.catch(() => undefined);
    await mine;
  }

  async #writeBatch(signal: AbortSignal | undefined): Promise<void> {
    this.#batch ??= this.#nextBatch();
    if (this.#batch === undefined) return;
    const { key, events } = this.#batch;
    const record = { format: RECORD_FORMAT, attempt: this.number, token: this.token, events };
    // "exists" is this same batch, written by a call whose answer was lost: nobody else writes here.
    await this.#stored.store.create(key, recordBytes(record), { signal });
    this.#batchesWritten += 1;
    this.#batch = undefined;
  }

  #nextBatch(): EventBatch | undefined {
    if (this.#noted.length === 0) return undefined;
    const events = this.#noted;
    this.#noted = [];
    const key = `${eventsPrefix(this.job, this.number)}${sixDigits(this.#batchesWritten + 1)}.json`;
    return { key, events };
  }

  async end(outcome: Outcome, signal?: AbortSignal): Promise<Validity> {
    if (this.#fencedOut.signal.aborted) return "fenced-out";
    if (this.#ended) return "valid";
    this.#ending = true;
    const record: OutcomeRecord = {
      ...outcome,
      format: RECORD_FORMAT,
      attempt: this.number,
      endedBy: this.token,
      aliveMs: this.#aliveMs(),
      endedAt: this.#wallTime(),
      // With a batch that is still on its way: events have numbers, so one that was written twice is known.
      events: [...(this.#batch?.events ?? []), ...this.#noted],
    };
    const key = outcomeKey(this.job, this.number);
    if ((await this.#stored.store.create(key, recordBytes(record), { signal })) === "exists") {
      const present = await readOutcome(this.#stored, this.number, { signal });
      if (present === undefined) {
        throw new SpotproofError(
          "store-unreachable",
          `${key} exists in ${this.#stored.store.description} but cannot be read.`,
        );
      }
      // Ours when an earlier call has written it and its answer was lost.
      if (present.endedBy !== this.token) return this.#isFencedOut();
    }
    this.#ended = true;
    return "valid";
  }

  #isFencedOut(): Validity {
    this.#fencedOut.abort(
      new SpotproofError("fenced-out", `Attempt ${this.number} of ${this.job} was ended by another machine.`),
    );
    return "fenced-out";
  }

  #aliveMs(): number {
    return Math.round(this.#clock.now() - this.#claimedAtMs);
  }

  #wallTime(): string {
    return new Date(this.#clock.wallTime()).toISOString();
  }
}
