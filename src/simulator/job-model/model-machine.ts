import {
  type JobName,
  type Random,
  SpotproofError,
  checkpointId,
  randomBelow,
  seededRandom,
} from "../../base/index.ts";
import { type Attempt, type ClaimResult, type Validity, claimJob } from "../../job/index.ts";
import { type Store, manifestKey } from "../../store/index.ts";
import type { VirtualMachine } from "../virtual-time.ts";

/** What a model machine was told by the protocol, with how many store effects there were when it asked and was told. */
export type Told = { readonly machine: string; readonly askedAt: number; readonly toldAt: number } & (
  | { readonly kind: "claimed"; readonly attempt: Attempt }
  | { readonly kind: "other-result"; readonly result: ClaimResult["kind"] }
  | { readonly kind: "validity"; readonly attempt: number; readonly validity: Validity }
  | { readonly kind: "acknowledged"; readonly attempt: number; readonly id: string }
  | { readonly kind: "ended"; readonly attempt: Attempt; readonly validity: Validity; readonly as: string }
);

type Untimed<T> = T extends unknown ? Omit<T, "machine" | "askedAt" | "toldAt"> : never;

/** How one machine of the model behaves. */
export interface ModelPlan {
  readonly job: JobName;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly seed: number;
  /** Between two saves, in ms. */
  readonly stepMs: number;
  readonly steps: number;
  /** How its attempts end; the last one again and again. */
  readonly endings: readonly ("completed" | "interrupted" | "failed")[];
  /** Mutation: saves are acknowledged without asking for validity. */
  readonly acknowledgesBlindly?: boolean;
}

/** Runs claims, heartbeats, saves and ends with the real code, as a supervisor would. */
export class ModelMachine {
  readonly machine: VirtualMachine;
  readonly #store: Store;
  readonly #plan: ModelPlan;
  readonly #random: Random;
  readonly #effects: () => number;
  readonly #tell: (told: Told) => void;
  /** Set when the job is completed as far as this machine knows. */
  knowsCompleted = false;

  constructor(
    machine: VirtualMachine,
    store: Store,
    plan: ModelPlan,
    record: { readonly effects: () => number; readonly tell: (told: Told) => void },
  ) {
    this.machine = machine;
    this.#store = store;
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.#effects = record.effects;
    this.#tell = record.tell;
  }

  /** Starts again and again, as a person or an Auto Scaling group would, until the job is completed. */
  async live(): Promise<void> {
    for (let life = 0; !this.knowsCompleted; life += 1) {
      try {
        await this.#liveOnce(life);
      } catch (error) {
        if (!(error instanceof SpotproofError) || error.code !== "store-unreachable") throw error;
      }
      await this.machine.sleep(50 + randomBelow(this.#random, 500));
    }
  }

  async #liveOnce(life: number): Promise<void> {
    const askedAt = this.#effects();
    const result = await claimJob({
      store: this.#store,
      job: this.#plan.job,
      clock: this.machine,
      random: this.#random,
      command: ["true"],
      host: this.machine.name,
      pid: 1,
      heartbeatMs: this.#plan.heartbeatMs,
      leaseMs: this.#plan.leaseMs,
      ifRunning: "standby",
      maxIdleAttempts: 0,
      // Every other life gives up at the first answer that is lost, as a person may; the others try again.
      patienceMs: life % 2 === 0 ? 10_000 : 0,
      onWaiting: () => undefined,
      signal: new AbortController().signal,
    });
    if (result.kind !== "claimed") {
      this.#say(askedAt, { kind: "other-result", result: result.kind });
      this.knowsCompleted = result.kind === "completed";
      return;
    }
    this.#say(askedAt, { kind: "claimed", attempt: result.attempt });
    const { endings } = this.#plan;
    await this.#own(result.attempt, endings[Math.min(life, endings.length - 1)] ?? "completed");
  }

  async #own(attempt: Attempt, ending: "completed" | "interrupted" | "failed"): Promise<void> {
    const over = new AbortController();
    const beating = this.#beatUntil(attempt, over.signal);
    const saved = await this.#saveAll(attempt);
    if (saved && (await this.#end(attempt, ending)) === "valid") this.knowsCompleted = ending === "completed";
    over.abort();
    await beating;
  }

  async #beatUntil(attempt: Attempt, over: AbortSignal): Promise<void> {
    for (;;) {
      await this.machine.sleep(this.#plan.heartbeatMs * (0.8 + 0.2 * this.#random.next()), over);
      if (over.aborted) return;
      const validity = await this.#ask(attempt, () => attempt.beat({ phase: "running" }));
      if (validity === "fenced-out") return;
    }
  }

  /** False when the attempt was fenced out meanwhile. */
  async #saveAll(attempt: Attempt): Promise<boolean> {
    for (let sequence = 1; sequence <= this.#plan.steps; sequence += 1) {
      await this.machine.sleep(randomBelow(this.#random, 2 * this.#plan.stepMs), attempt.fencedOut);
      if (attempt.fencedOut.aborted) return false;
      const askedAt = this.#effects();
      const id = checkpointId(attempt.number, sequence);
      const created = await this.#try(() => this.#store.create(manifestKey(this.#plan.job, id), []));
      if (created === undefined) continue;
      const validity = this.#plan.acknowledgesBlindly
        ? "valid"
        : await this.#ask(attempt, () => attempt.validity());
      if (validity === "fenced-out") return false;
      if (validity === "valid") this.#say(askedAt, { kind: "acknowledged", attempt: attempt.number, id });
    }
    return true;
  }

  /** Repeats the end until it is answered: without that answer nobody may say how the attempt ended. */
  async #end(attempt: Attempt, kind: "completed" | "interrupted" | "failed"): Promise<Validity> {
    const askedAt = this.#effects();
    for (;;) {
      attempt.note("ending", { kind });
      const validity = await this.#try(() =>
        attempt.end({ kind, reason: "the model says so", failuresUsed: 0, checkpointsCommitted: 0 }),
      );
      if (validity !== undefined) {
        this.#say(askedAt, { kind: "ended", attempt, validity, as: kind });
        return validity;
      }
      await this.machine.sleep(100);
    }
  }

  async #ask(attempt: Attempt, call: () => Promise<Validity>): Promise<Validity | undefined> {
    const askedAt = this.#effects();
    const validity = await this.#try(call);
    if (validity !== undefined) this.#say(askedAt, { kind: "validity", attempt: attempt.number, validity });
    return validity;
  }

  /** Undefined when the store did not answer. */
  async #try<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof SpotproofError && error.code === "store-unreachable") return undefined;
      throw error;
    }
  }

  #say(askedAt: number, what: Untimed<Told>): void {
    this.#tell({ machine: this.machine.name, askedAt, toldAt: this.#effects(), ...what });
  }
}
