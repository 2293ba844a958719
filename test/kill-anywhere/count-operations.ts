import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Victim, readJournal, runVictim } from "./run-victim.ts";
import { type OperationCounts, type Surroundings, placeOfStore } from "./setting.ts";
import { removeFolder } from "./states.ts";
import type { Counted } from "./victim-order.ts";

/** What is needed to count. */
export interface Counting extends Victim {
  readonly places: string;
  readonly seed: number;
}

/** Counts the operations of every kind of attempt, left alone. */
export async function countOperations(task: Counting): Promise<OperationCounts> {
  const { places, seed, setting } = task;
  const root = mkdtempSync(join(places, "count-"));
  const machine = join(root, "machine");
  let lives = 0;
  let store = "";
  const count = async (surroundings: Surroundings, steps: number): Promise<Counted> => {
    lives += 1;
    if (surroundings === "first") {
      const chain = join(root, `counted-${steps}`);
      mkdirSync(chain);
      store = placeOfStore(setting, chain);
    }
    if (surroundings === "fresh machine") removeFolder(machine);
    mkdirSync(machine, { recursive: true });
    const journal = join(root, `journal-${lives}`);
    const plan = { store, folder: join(machine, "work"), seed, steps, pruneEvery: steps, pauses: true };
    const isMount = surroundings === "mount point";
    await runVictim(task, { plan, cut: undefined, journal, isMount, order: undefined, mutant: undefined });
    const end = readJournal(journal).at(-1);
    if (end?.kind === "finished") return end;
    throw new Error(`An attempt that nobody killed ended so: ${JSON.stringify(end)}`);
  };
  try {
    const counts: Partial<Record<Surroundings, readonly [Counted, Counted]>> = {};
    for (const surroundings of ["first", ...setting.surroundings] as const) {
      counts[surroundings] = [await count(surroundings, 1), await count(surroundings, 2)];
    }
    return counts;
  } finally {
    removeFolder(root);
  }
}
