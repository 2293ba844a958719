import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { CheckpointId, PackId } from "../../src/base/index.ts";
import { type ListedCheckpoint, listCheckpoints, verifyCheckpoint } from "../../src/checkpoint/index.ts";
import { readLineageAfter } from "../../src/job/index.ts";
import { committedCheckpoints, latestClaim } from "../../src/job/stored-records.ts";
import { type OpenedStore, type Store, manifestKey, packKey } from "../../src/store/index.ts";
import { JOB, type LifeEvent, liveAttemptIn, restoreAndCompare } from "./attempt-life.ts";
import { removeFolder } from "./states.ts";
import { type LateCall, withLateCall } from "./store-calls.ts";
import { type Stored, strangers } from "./stored.ts";

// What must be true of a store after a crash, whatever the crash interrupted.

/** What is known of the job from outside: what its attempts told before they died. */
export interface Known {
  /** The last step whose save was acknowledged; no restore may give less. Undefined before the first. */
  readonly acknowledged: number | undefined;
  /** The last step of which a save was begun; no restore may give more. 0 before the first. */
  readonly begun: number;
}

/** What a judgement found. */
export interface Judgement {
  /** The step that a fresh machine was restored to; undefined when there was nothing to restore. */
  readonly restoredStep: number | undefined;
  /** Every broken promise, as a sentence. */
  readonly problems: readonly string[];
  /** What is known now that the judge itself has made a checkpoint. */
  readonly known: Known;
}

/** A store after a crash. */
export interface Scene {
  readonly stored: Stored;
  /** Of the job's states. */
  readonly seed: number;
  readonly known: Known;
  /** Where fresh machines may be set up. */
  readonly places: string;
  /** A call of a process that is dead by now; it arrives while the next attempt is at work. */
  readonly late?: LateCall | undefined;
}

/**
 * Looks at a store as a fresh machine would, which claims the job: verifies every checkpoint that is there, restores into
 * a fresh folder, compares that bit for bit, makes a step, saves it, prunes, ends, and looks for what is left over.
 */
export async function judge(scene: Scene): Promise<Judgement> {
  const { stored, seed, known } = scene;
  const seen = { step: undefined as number | undefined, begun: known.begun };
  const problems = await onFreshMachine(scene, "write", async (machine, { store }) => {
    const found: string[] = [...(await damagedCheckpoints(store, "bytes"))];
    const late = withLateCall(store, scene.late);
    const tell = (event: LifeEvent): void => {
      if (event.kind === "saved") late.arriveNow();
      if (event.kind === "saving") seen.begun = event.step;
      if (event.kind === "restored") seen.step = event.step;
      found.push(...broken(event, known));
    };
    const folder = join(machine, "work");
    await liveAttemptIn(late.store, { folder, seed, steps: 1, pruneEvery: 1, pauses: false }, tell);
    return [...found, ...(await leftOver(store)), ...(await stored.leftBehind())];
  });
  return { restoredStep: seen.step, problems, known: { acknowledged: seen.begun, begun: seen.begun } };
}

/** Looks at a store without writing to it: what a claim would find is restored into a fresh folder and compared. */
export async function look(scene: Scene, depth: "bytes" | "presence" = "presence"): Promise<Judgement> {
  const { seed, known } = scene;
  let restoredStep: number | undefined;
  const problems = await onFreshMachine(scene, "read", async (machine, { store }) => {
    const lineage = await lineageOf(store);
    const found = [...broken({ kind: "claimed", attempt: 0, lineage }, known)];
    if (lineage.length === 0) return found;
    found.push(...(await damagedCheckpoints(store, depth)));
    const event = await restoreAndCompare(store, { folder: join(machine, "work"), seed, lineage });
    restoredStep = event.step;
    return [...found, ...broken(event, known)];
  });
  return { restoredStep, problems, known };
}

async function lineageOf(store: Store): Promise<readonly CheckpointId[]> {
  const stored = { store, job: JOB };
  const claim = await latestClaim(stored);
  return claim === undefined ? [] : readLineageAfter(stored, claim, await committedCheckpoints(stored));
}

async function onFreshMachine(
  { places, stored, known }: Scene,
  mode: "read" | "write",
  act: (machine: string, opened: OpenedStore) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const machine = mkdtempSync(join(places, "judge-"));
  let opened: OpenedStore | undefined;
  try {
    opened = await stored.open(mode);
    if (opened === undefined) return broken({ kind: "claimed", attempt: 0, lineage: [] }, known);
    const problems = await act(machine, opened);
    return [
      ...problems,
      ...strangers(readdirSync(machine), /^work$/, "beside the folder of a fresh machine"),
    ];
  } catch (error) {
    return [
      `The next attempt broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ];
  } finally {
    await opened?.close();
    removeFolder(machine);
  }
}

/** What is wrong with an attempt that tells this when only that much was known before it. */
export function broken(event: LifeEvent, known: Known): readonly string[] {
  const { acknowledged, begun } = known;
  if (event.kind === "claimed" && event.lineage.length === 0 && acknowledged !== undefined) {
    return [`Step ${acknowledged} was acknowledged, and the next attempt finds no checkpoint at all.`];
  }
  if (event.kind !== "restored") return [];
  const { step, skipped, difference } = event;
  const problems = skipped.map((reason) => `A committed checkpoint was unusable: ${reason}`);
  if (difference !== "") problems.push(`The folder is not the state of step ${step}: ${difference}`);
  if (step < (acknowledged ?? 0))
    problems.push(`Restored step ${step}, though ${acknowledged} was acknowledged.`);
  if (step > begun) problems.push(`Restored step ${step}, though only ${begun} were begun.`);
  return problems;
}

/** A manifest that exists is a checkpoint that is whole (C1, C4). */
async function damagedCheckpoints(store: Store, depth: "bytes" | "presence"): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { id } of await listCheckpoints(store, JOB)) {
    const result = await verifyCheckpoint(store, JOB, id, { depth });
    if (result.kind === "damaged") problems.push(`Checkpoint ${id} is damaged: ${result.problems.join(" ")}`);
  }
  return problems;
}

/** After a prune: two checkpoints at most, no pack that none of them needs, nothing unknown (C17). */
async function leftOver(store: Store): Promise<readonly string[]> {
  const listed = await listCheckpoints(store, JOB);
  const needed = new Set<string>(listed.flatMap((one) => keysOf(one)));
  const packs = (await store.list(`jobs/${JOB}/packs/`)).map(({ key }) => key);
  const problems = packs.filter((key) => !needed.has(key)).map((key) => `${key} is needed by nothing.`);
  if (listed.length > 2) problems.push(`${listed.length} checkpoints are left after a prune that keeps two.`);
  const known =
    /^jobs\/train\/(job\.json|attempts\/\d{6}\/(claim|heartbeat|outcome|events\/\d{6})\.json|checkpoints\/\d{6}-\d{6}\.json|packs\/\d{6}\/\d{6})$/;
  problems.push(
    ...strangers(
      (await store.list("")).map(({ key }) => key),
      known,
      "in the store",
    ),
  );
  return problems;
}

function keysOf(one: ListedCheckpoint): readonly string[] {
  const id: CheckpointId = one.id;
  const packs: readonly PackId[] = one.kind === "readable" ? [...one.packs.keys()] : [];
  return [manifestKey(JOB, id), ...packs.map((pack) => packKey(JOB, pack))];
}
