import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type CheckpointId, attemptNumber, parseJobName, systemClock } from "../../src/base/index.ts";
import {
  type Pause,
  type SavedCheckpoint,
  createFolderSaver,
  restoreFolder,
} from "../../src/checkpoint/index.ts";
import { ProcessTree } from "../../src/supervisor/process-tree/process-tree.ts";
import { systemProcessTable } from "../../src/supervisor/process-tree/process-table.ts";
import { openBenchmarkStore } from "./spotproof-store.ts";

// The process that is measured, bundled as the published one is. It stays, as `spotproof run` does, and saves when it is told
// to on its standard input; or it restores once and ends. Everything but the claim and the command is as in real life.

/** What the process is to do. Its only argument, as JSON. */
export interface SpotproofOrder {
  readonly store: string;
  readonly folder: string;
  /** Absent: save when told to. */
  readonly restore?: CheckpointId | undefined;
}

/** A line on standard input. */
export interface SaveOrder {
  /** The command's first process, to be paused; it leads its own session. Absent: no command runs. */
  readonly pausePid?: number | undefined;
  readonly reason: "interval" | "notice";
}

/** A line on standard output. */
export type SpotproofReport =
  | { readonly kind: "ready"; readonly cpuMs: number; readonly peakBytes: number }
  | {
      readonly kind: "saved";
      readonly cpuMs: number;
      readonly peakBytes: number;
      readonly checkpoint: Pick<SavedCheckpoint, "id" | "durationMs" | "pausedMs" | "storedBytes">;
    };

const JOB = parseJobName("benchmark");

const order = JSON.parse(process.argv[2] ?? "") as SpotproofOrder;
const { store, largeCallsAtATime } = await openBenchmarkStore(
  order.store,
  order.restore === undefined ? "write" : "read",
);
if (order.restore === undefined) await saveWhenTold();
else {
  const { folder, restore } = order;
  await restoreFolder({
    store,
    job: JOB,
    lineage: [restore],
    folder,
    asideName: "replaced-by-attempt-000002",
    readsAtATime: largeCallsAtATime,
  });
}
process.exit(0);

async function saveWhenTold(): Promise<void> {
  const { folder } = order;
  const saver = createFolderSaver({
    store,
    job: JOB,
    attempt: attemptNumber(1),
    clock: systemClock,
    folder,
    packsAtATime: largeCallsAtATime,
  });
  tell({ kind: "ready", ...used() });
  for await (const line of createInterface(process.stdin)) {
    const { pausePid, reason } = JSON.parse(line) as SaveOrder;
    const before = used();
    const pause = pausePid === undefined ? undefined : pauseOf(pausePid);
    const result = await saver.save({ reason, pause, confirm: async () => "valid" });
    if (result.kind !== "saved") throw new Error(`The save ended as ${result.kind}.`);
    const after = used();
    const { id, durationMs, pausedMs, storedBytes } = result.checkpoint;
    tell({
      kind: "saved",
      cpuMs: after.cpuMs - before.cpuMs,
      peakBytes: after.peakBytes,
      checkpoint: { id, durationMs, pausedMs, storedBytes },
    });
    forgetPeak();
  }
}

function tell(report: SpotproofReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** User and system time of all threads until now, and the most memory since `forgetPeak`. */
function used(): { readonly cpuMs: number; readonly peakBytes: number } {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const peakKib = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (peakKib === undefined) throw new Error("/proc/self/status does not tell the peak memory.");
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: Number(peakKib) * 1024 };
}

/** Lets the kernel count the peak anew, so that each save is told its own. */
function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

function pauseOf(leaderPid: number): Pause {
  const tree = new ProcessTree({
    table: systemProcessTable(process.platform),
    clock: systemClock,
    leaderPid,
    mark: `spotproof-benchmark-${leaderPid}`,
    notOurs: new Set([process.pid]),
  });
  return () => tree.pause();
}
