import { rename, writeFile } from "node:fs/promises";
import type { PlannedStoreFault } from "../scenario/plan.ts";
import type { Lane } from "./lane.ts";
import type { StoreFaultHappening } from "./record.ts";

// The stores of supervised jobs misbehave as a small file says that each `spotproof run` reads.

/** How long a call of a store may take outside of a rehearsal, and at least in one, in ms. */
const USUAL_CALL_LIMIT_MS = 60_000;
const SHORTEST_CALL_LIMIT_MS = 3000;

/** Lets stores misbehave for a while, as often as it is asked to; several troubles may overlap. */
export class StoreTrouble {
  readonly happened: StoreFaultHappening[] = [];
  readonly #lanes: readonly Lane[];
  readonly #speed: number;
  readonly #active = new Set<PlannedStoreFault>();
  #writing: Promise<void> = Promise.resolve();
  #writes = 0;

  constructor(lanes: readonly Lane[], speed: number) {
    this.#lanes = lanes.filter(({ parts }) => parts.command.supervision !== undefined);
    this.#speed = speed;
  }

  /** Writes what the supervisors read when they open their stores. */
  prepare(): Promise<void> {
    return this.#write();
  }

  /** Begins a trouble, waits for its time, and ends it. */
  async befall(fault: PlannedStoreFault, signal: AbortSignal): Promise<void> {
    const [lane] = this.#lanes;
    if (lane === undefined) return;
    const { time, tell } = lane.parts;
    const fromMs = time.now();
    tell(`the store misbehaves: ${fault.kind}, ${Math.round(fault.share * 100)} % of the calls`);
    this.#active.add(fault);
    await this.#write();
    await time.clock.sleep(fault.forMs / this.#speed, signal);
    this.#active.delete(fault);
    await this.#write();
    this.happened.push({ kind: fault.kind, fromMs, toMs: time.now() });
    tell("the store is well again");
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeNow());
    return this.#writing;
  }

  async #writeNow(): Promise<void> {
    const faults = [...this.#active].map(({ kind, share, delayMs }) => ({
      kind,
      share,
      delayMs: delayMs / this.#speed,
    }));
    const callLimitMs = Math.max(SHORTEST_CALL_LIMIT_MS, USUAL_CALL_LIMIT_MS / this.#speed);
    this.#writes += 1;
    for (const { storeFaultsFile } of this.#lanes) {
      const beside = `${storeFaultsFile}.${this.#writes}`;
      await writeFile(beside, JSON.stringify({ faults, callLimitMs }));
      await rename(beside, storeFaultsFile);
    }
  }
}
