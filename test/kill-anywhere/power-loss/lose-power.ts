import { rmSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../../src/base/index.ts";
import { type Known, judge, look } from "../judge.ts";
import { storedInFolder } from "../stored.ts";
import { LossyDisk, SURVIVALS } from "./lossy-disk.ts";
import { type DiskChange, STORE_ON_DISK } from "./recorded-disk.ts";

/** What came of losing power again and again in one history. */
export interface PowerLosses {
  /** Moments times ways of losing power. */
  readonly cuts: number;
  /** Of these led to a disk, or to a knowledge of the job, that no other had led to. */
  readonly looked: number;
  readonly restored: number;
  readonly problems: readonly string[];
}

/** Which moments of a history to try. */
export interface PowerLossTask {
  readonly places: string;
  readonly seed: number;
  readonly history: readonly DiskChange[];
  /** Every so many-th moment. */
  readonly every: number;
  /** Every so many-th disk is not only looked at: a new attempt goes on with it. */
  readonly judgeEvery: number;
  /** Stops at the first problem. */
  readonly untilFound?: boolean;
}

/** Loses power at moments of a history in every way, and lets a fresh machine restore from what is left each time. */
export async function losePower(task: PowerLossTask): Promise<PowerLosses> {
  const { places, seed, history, every, judgeEvery } = task;
  const disk = new LossyDisk();
  const random = seededRandom(seed);
  const seen = new Set<string>();
  const total = { cuts: 0, looked: 0, restored: 0 };
  const problems: string[] = [];
  let known: Known = { acknowledged: undefined, begun: 0 };
  for (const [moment, change] of history.entries()) {
    disk.apply(change);
    known = after(known, change);
    if ((moment + seed) % every !== 0) continue;
    for (const survival of SURVIVALS) {
      total.cuts += 1;
      const remains = disk.losePower(survival, random);
      const situation = `${remains.digest} ${known.acknowledged} ${known.begun}`;
      if (seen.has(situation)) continue;
      seen.add(situation);
      total.looked += 1;
      const folder = join(places, `remains-${seed}`);
      remains.writeTo(folder);
      const scene = { stored: storedInFolder(join(folder, STORE_ON_DISK)), seed, known, places };
      const judgement = total.looked % judgeEvery === 0 ? await judge(scene) : await look(scene, "bytes");
      rmSync(folder, { recursive: true });
      if (judgement.restoredStep !== undefined) total.restored += 1;
      const where = `KILL_SEED=${seed}, power lost after change ${moment} (${change.kind}), surviving: ${survival}`;
      problems.push(...judgement.problems.map((problem) => `${where}: ${problem}`));
      if (problems.length > 0 && task.untilFound === true) return { ...total, problems };
    }
  }
  return { ...total, problems };
}

function after(known: Known, change: DiskChange): Known {
  if (change.kind !== "told") return known;
  const { event } = change;
  if (event.kind === "saving") return { ...known, begun: Math.max(known.begun, event.step) };
  return event.kind === "saved" ? { ...known, acknowledged: event.step } : known;
}
