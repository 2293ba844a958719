import { openSync, writeSync } from "node:fs";
import { seededRandom } from "../../src/base/index.ts";
import { type LifeEvent, type LifePlan, liveAttempt } from "./attempt-life.ts";
import { type Around, oneAtATime, pathText, watchDisk } from "./disk-operations.ts";
import { type Mutant, spoil } from "./store-mutants.ts";

// A process that lives one attempt and is killed with SIGKILL exactly before or after one of its disk operations.

/** Where a process dies. */
export interface Cut {
  /** The number of the operation, from 1. */
  readonly operation: number;
  readonly side: "before" | "after";
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
  /** Runs disk operations one at a time in an order made from this; without it as the engine starts them. */
  readonly order: number | undefined;
  readonly mutant: Mutant | undefined;
}

/** What stands in the journal: the life's events, then its end unless it was killed. */
export type VictimEvent =
  | LifeEvent
  | { readonly kind: "finished"; readonly operations: number }
  | { readonly kind: "broken"; readonly error: string };

async function run(order: VictimOrder): Promise<void> {
  const journal = openSync(order.journal, "a");
  const tell = (event: VictimEvent): unknown => writeSync(journal, `${JSON.stringify(event)}\n`);
  let operations = 0;
  const die = (side: Cut["side"], operation: number): void => {
    if (order.cut?.operation !== operation || order.cut.side !== side) return;
    process.kill(process.pid, "SIGKILL");
  };
  const around: Around = async (operation, act) => {
    operations += 1;
    const number = operations;
    die("before", number);
    if (order.isMount && operation.name === "rename" && pathText(operation.args[0]) === order.plan.folder) {
      throw Object.assign(new Error("EBUSY: a mount point"), { code: "EBUSY", syscall: "rename" });
    }
    const result = await act();
    die("after", number);
    return result;
  };
  try {
    await watchDisk(order.order === undefined ? around : oneAtATime(randomOf(order.order), around));
    await liveAttempt(order.plan, tell, (store) => spoil(order.mutant, store));
    tell({ kind: "finished", operations });
  } catch (error) {
    tell({ kind: "broken", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
  }
}

function randomOf(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.next();
}

void run(JSON.parse(process.argv[2] ?? "{}") as VictimOrder);
