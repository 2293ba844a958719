import {
  type CheckpointId,
  type Clock,
  type JobName,
  parseJobName,
  seededRandom,
  sixDigits,
} from "../../src/base/index.ts";
import { type RestoredFolder, createFolderSaver, restoreFolder } from "../../src/checkpoint/index.ts";
import { type Attempt, claimJob } from "../../src/job/index.ts";
import { type Store, openFileStore } from "../../src/store/index.ts";
import { describeFolder, describeState, removeFolder, stateAt, writeState } from "./states.ts";

/** The job of every scenario. */
export const JOB: JobName = parseJobName("train");

/** What one attempt is to do. */
export interface LifePlan {
  /** The path of the store's folder, or its URL. */
  readonly store: string;
  /** The job's own folder. It may hold anything. */
  readonly folder: string;
  readonly seed: number;
  /** So many steps of the job, each followed by a save. */
  readonly steps: number;
  /** Prunes after every so many saves, and before the end. */
  readonly pruneEvery: number;
  /** Saves as beside a running command: with a pause. */
  readonly pauses: boolean;
}

/** What an attempt tells as it happens. A step that is `saved` is acknowledged. */
export type LifeEvent =
  | { readonly kind: "claimed"; readonly attempt: number; readonly lineage: readonly CheckpointId[] }
  | {
      readonly kind: "restored";
      readonly step: number;
      readonly skipped: readonly string[];
      /** How the folder differs from the state of the step; empty when it does not. */
      readonly difference: string;
    }
  | { readonly kind: "saving"; readonly step: number }
  | { readonly kind: "saved"; readonly step: number }
  | { readonly kind: "pruned" }
  | { readonly kind: "ended" };

/** Lives one attempt of a job whose store is a folder. `wrap` puts something around the store. */
export async function liveAttempt(
  plan: LifePlan,
  tell: (event: LifeEvent) => void,
  wrap: (store: Store) => Store = (store) => store,
): Promise<void> {
  await liveAttemptIn(wrap(await openFileStore(plan.store)), plan, tell);
}

/** Lives one attempt of the job in this process, from its claim to its outcome. Goes on from what it finds in the store. */
export async function liveAttemptIn(
  store: Store,
  plan: Omit<LifePlan, "store">,
  tell: (event: LifeEvent) => void,
): Promise<void> {
  const clock = hurriedClock();
  const attempt = await claim(store, clock);
  tell({ kind: "claimed", attempt: attempt.number, lineage: attempt.lineage });
  const { restored, step } = await begin(plan, store, attempt, tell);
  const { folder, seed, steps, pauses } = plan;
  const { lineage, number } = attempt;
  const saver = createFolderSaver({ store, job: JOB, attempt: number, clock, folder, restored, lineage });
  for (let next = step + 1; next <= step + steps; next += 1) {
    writeState(folder, stateAt(seed, next));
    await attempt.beat({ phase: "running", progress: { done: next } });
    tell({ kind: "saving", step: next });
    const result = await saver.save({
      reason: "interval",
      note: () => ({ step: next }),
      confirm: () => attempt.validity(),
      pause: pauses
        ? async () => ({ mappedFiles: new Set<string>(), resume: async () => undefined })
        : undefined,
    });
    if (result.kind !== "saved") throw new Error(`The save of step ${next} ended as ${result.kind}.`);
    tell({ kind: "saved", step: next });
    attempt.note("saved", { step: next });
    if ((next - step) % plan.pruneEvery !== 0 && next !== step + steps) continue;
    await saver.prune({ last: 2 });
    tell({ kind: "pruned" });
  }
  await attempt.end({
    kind: "interrupted",
    reason: "End of the scenario.",
    failuresUsed: 0,
    checkpointsCommitted: steps,
  });
  tell({ kind: "ended" });
}

async function claim(store: Store, clock: Clock): Promise<Attempt> {
  const result = await claimJob({
    store,
    job: JOB,
    clock,
    random: seededRandom(1),
    command: ["train"],
    host: "somewhere",
    pid: process.pid,
    heartbeatMs: 10,
    leaseMs: 30,
    ifRunning: "standby",
    maxIdleAttempts: 0,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  });
  if (result.kind !== "claimed") throw new Error(`The claim ended as ${result.kind}.`);
  return result.attempt;
}

async function begin(
  { folder, seed }: Omit<LifePlan, "store">,
  store: Store,
  { lineage, number }: Attempt,
  tell: (event: LifeEvent) => void,
): Promise<{ readonly restored?: RestoredFolder; readonly step: number }> {
  if (lineage.length === 0) {
    removeFolder(folder);
    return { step: 0 };
  }
  const event = await restoreAndCompare(store, { folder, seed, lineage, attempt: number });
  tell(event);
  return { restored: event.restored, step: event.step };
}

/** What a restore gave, with what a saver needs to go on from it. */
type Restored = Extract<LifeEvent, { kind: "restored" }> & {
  readonly restored: RestoredFolder;
  /** Keeps what only this process can use out of journals. */
  toJSON(): unknown;
};

/** Restores the newest checkpoint of a lineage and compares the folder with the state that it should be, bit for bit. */
export async function restoreAndCompare(
  store: Store,
  from: {
    readonly folder: string;
    readonly seed: number;
    readonly lineage: readonly CheckpointId[];
    readonly attempt?: number;
  },
): Promise<Restored> {
  const { folder, seed, lineage, attempt = 0 } = from;
  const asideName = `replaced-by-attempt-${sixDigits(attempt)}`;
  const { restored, note, skipped } = await restoreFolder({ store, job: JOB, lineage, folder, asideName });
  const step = Number(note["step"]);
  const [found, expected] = [describeFolder(folder), describeState(stateAt(seed, step))];
  const event = {
    kind: "restored" as const,
    step,
    skipped: skipped.map(({ id, reason }) => `${id}: ${reason}`),
    difference: found === expected ? "" : `found:\n${found}\nexpected:\n${expected}`,
  };
  return { ...event, restored, toJSON: () => event };
}

/** A clock on which every wait is over at once. */
function hurriedClock(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    wallTime: () => Date.now(),
    after(delayMs, action) {
      const timer = setImmediate(() => {
        nowMs += delayMs;
        action();
      });
      return { cancel: () => clearImmediate(timer) };
    },
    async sleep(delayMs) {
      nowMs += delayMs;
    },
  };
}
