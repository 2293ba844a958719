import {
  type AttemptNumber,
  SpotproofError,
  checkpointId,
  parseJobName,
  seededRandom,
} from "../../base/index.ts";
import {
  type Attempt,
  type ClaimRequest,
  type ClaimResult,
  type Outcome,
  type OutcomeKind,
  claimJob,
} from "../../job/index.ts";
import { type Store, type StoreKey, createMemoryStore, manifestKey } from "../../store/index.ts";
import { type VirtualMachine, VirtualTime } from "../virtual-time.ts";

/** The job of every bench. */
export const JOB = parseJobName("train");
/** The number of an attempt, unchecked. */
export const number = (value: number): AttemptNumber => value as AttemptNumber;

/** A job on virtual time. */
export class JobBench {
  readonly time = new VirtualTime(seededRandom(1));
  readonly store: Store = createMemoryStore();
  readonly waiting: number[] = [];

  /** A machine of this world. */
  machine(name: string): VirtualMachine {
    return this.time.machine(name);
  }

  /** Begins to claim the job; pass it to `settle`. */
  claim(machine: VirtualMachine, options: Partial<ClaimRequest> = {}): Promise<ClaimResult> {
    return claimJob({
      store: this.store,
      job: JOB,
      clock: machine,
      random: seededRandom(7),
      command: ["python", "train.py"],
      host: machine.name,
      pid: 42,
      heartbeatMs: 10_000,
      leaseMs: 30_000,
      ifRunning: "standby",
      maxIdleAttempts: 0,
      onWaiting: ({ attempt }) => this.waiting.push(attempt),
      signal: new AbortController().signal,
      ...options,
    });
  }

  /** Lets time pass until the promise is settled. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false };
    const settled = promise.finally(() => {
      state.settled = true;
    });
    settled.catch(() => undefined);
    await this.time.run(this.time.nowMs + 600_000, () => state.settled);
    if (!state.settled)
      throw new SpotproofError("internal", "Still waiting after ten minutes of virtual time.");
    return settled;
  }

  /** The attempt that a claim gave. */
  async claimed(machine: VirtualMachine, options: Partial<ClaimRequest> = {}): Promise<Attempt> {
    const result = await this.settle(this.claim(machine, options));
    if (result.kind !== "claimed") throw new SpotproofError("internal", `Not claimed: ${result.kind}.`);
    return result.attempt;
  }

  /** The content of a record, unchecked. */
  async record(key: StoreKey): Promise<Record<string, unknown> | undefined> {
    const bytes = await this.store.read(key);
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Record<string, unknown>);
  }

  /** Creates a manifest and has it acknowledged. */
  async save(attempt: Attempt, sequence: number): Promise<void> {
    await this.store.create(manifestKey(JOB, checkpointId(attempt.number, sequence)), []);
    const validity = await attempt.validity();
    if (validity !== "valid")
      throw new SpotproofError("internal", `The save was not acknowledged: ${validity}.`);
  }
}

/** An outcome as short as can be. */
export const ended = (kind: OutcomeKind, more: Partial<Outcome> = {}): Outcome => ({
  kind,
  reason: "a test",
  failuresUsed: 0,
  checkpointsCommitted: 0,
  ...more,
});
