import { openSync, writeSync } from "node:fs";
import { type Random, seededRandom } from "../../src/base/index.ts";
import type { LifeEvent, LifePlan } from "./attempt-life.ts";
import type { WrittenCall } from "./store-calls.ts";
import type { Mutant } from "./store-mutants.ts";

/**
 * On which side of an operation a process dies. Of a call of a store also while it is under way: `held` after the request
 * has left, which arrives when the judge wants it to; `sent` right after the system has taken bytes for a connection
 * (these writes are counted by themselves); `during` at a random moment.
 */
export type Side = "before" | "after" | "held" | "sent" | "during";

/** Where a process dies. */
export interface Cut {
  /** The number of the operation, from 1. `during` 0 is the opening of the store. */
  readonly operation: number;
  readonly side: Side;
  /** Counts calls of a store from the first one that begins so: `create jobs/train/checkpoints/`. */
  readonly since?: string | undefined;
}

/** What a victim is started with, as JSON in its first argument. */
export interface VictimOrder {
  readonly plan: LifePlan;
  /** Lives to the end without one. */
  readonly cut: Cut | undefined;
  /** A file to which it appends its events. */
  readonly journal: string;
  /** Refuses to rename the job's folder, as a mount point does: restores then work inside of it. */
  readonly isMount: boolean;
  /** Runs operations one at a time in an order made from this; without it as the engine starts them. */
  readonly order: number | undefined;
  readonly mutant: Mutant | undefined;
}

/** What an attempt has that is left alone. */
export interface Counted {
  readonly operations: number;
  /** Writes to connections. */
  readonly sent: number;
}

/** What stands in the journal: the life's events, then its end unless it was killed. */
export type VictimEvent =
  | LifeEvent
  | { readonly kind: "under way"; readonly call: WrittenCall }
  | ({ readonly kind: "finished" } & Counted)
  | { readonly kind: "broken"; readonly error: string };

/** Dies as ordered, or tells how the life ended. */
export async function live(
  order: VictimOrder,
  act: (tell: (event: VictimEvent) => void) => Promise<Counted>,
): Promise<void> {
  const journal = openSync(order.journal, "a");
  const tell = (event: VictimEvent): void => void writeSync(journal, `${JSON.stringify(event)}\n`);
  try {
    tell({ kind: "finished", ...(await act(tell)) });
  } catch (error) {
    tell({ kind: "broken", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
  }
}

/** Kills this process when it was ordered to die here. */
export function dieAt({ cut }: VictimOrder, side: Side, operation: number): void {
  if (cut?.operation === operation && cut.side === side) process.kill(process.pid, "SIGKILL");
}

/** The order that the process was started with. */
export const orderOfProcess = (): VictimOrder => JSON.parse(process.argv[2] ?? "{}") as VictimOrder;

/** Numbers from 0 to 1 that follow from a seed. */
export function numbersFrom(seed: number): () => number {
  const random: Random = seededRandom(seed);
  return () => random.next();
}
