import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Fleet } from "../fleet/index.ts";
import { startMachineMetadata } from "../metadata-mock/index.ts";
import type { LiveJob } from "../report/live/live-screen.ts";
import type { Plan } from "../scenario/plan.ts";
import { CheckpointChanges } from "./checkpoint-changes.ts";
import { Lane } from "./lane.ts";
import type { LaneMachine } from "./lane-machine.ts";
import type { RehearsalOptions } from "./options.ts";
import { type CollectedOutput, collectOutputs } from "./outputs.ts";
import { type KnownLength, Pace } from "./pace.ts";
import type { RehearsedCommand } from "./rehearsed-command.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";
import { copySharedFolders } from "./shared-folders.ts";

/** A lane with what belongs to it. */
export interface LaneBench {
  readonly lane: Lane;
  readonly changes: CheckpointChanges;
  readonly pace: Pace;
  /** The outputs, once the job is done. */
  readonly outputs: readonly CollectedOutput[];
}

/** What lanes are built from. */
export interface LaneBenchParts {
  readonly options: RehearsalOptions;
  readonly plan: Plan;
  readonly fleet: Fleet;
  readonly time: RehearsalTime;
  readonly speed: number;
  /** Names the lane's folder and its machines. */
  readonly name: string;
  readonly length: KnownLength;
}

/**
 * Builds the lane of one command; nothing is started yet.
 * @throws SpotproofError `bad-usage`, `disk-full` of its shared folders; the signal's reason when it has aborted
 */
export async function buildLane(parts: LaneBenchParts, command: RehearsedCommand): Promise<LaneBench> {
  const { options, plan, fleet, time, speed, name, length } = parts;
  options.signal.throwIfAborted();
  const folder = join(options.workspace, name);
  await mkdir(folder);
  const shared = await copySharedFolders(options.shared, join(folder, "shared"), {
    workingFolder: options.workingFolder,
    inputs: options.inputs,
    isolation: fleet.isolation,
  });
  const outputs: CollectedOutput[] = [];
  const lane = new Lane({
    command,
    plan,
    fleet,
    time,
    speed,
    shared,
    folder,
    name,
    spotproof: options.spotproof,
    startMetadata: (machine, zone) =>
      startMachineMetadata({
        cloud: plan.cloud,
        clock: time.clock,
        name: machine,
        zone,
        tokens: plan.metadata.tokens,
        clockAheadMs: plan.metadata.clockAheadMs,
      }),
    onResumed: (checkpoint) => changes.learn(checkpoint),
    onCompleted: async (machine) => {
      outputs.push(...(await collect(parts, command, machine, changes, folder)));
    },
    tell: (words) => options.watcher.tell(words),
  });
  const changes = new CheckpointChanges(lane.store, time);
  return { lane, changes, pace: new Pace(lane, changes, length), outputs };
}

function collect(
  { options }: LaneBenchParts,
  { supervision }: RehearsedCommand,
  machine: LaneMachine,
  changes: CheckpointChanges,
  folder: string,
): Promise<readonly CollectedOutput[]> {
  return collectOutputs({
    files: options.outputs.files,
    machine,
    workingFolder: options.workingFolder,
    checkpointFolder: supervision?.checkpointFolder,
    store: supervision?.checkpointFolder === undefined ? undefined : () => changes.store(),
    shared: options.shared,
    folder: join(folder, "outputs"),
  });
}

/** Ends lanes and learns what can be learned of their checkpoints. Resolves or rejects when nothing of any is left. */
export async function closeLanes(benches: readonly LaneBench[]): Promise<void> {
  const results = await Promise.allSettled(benches.map(closeLane));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function closeLane({ lane, changes }: LaneBench): Promise<void> {
  await lane.close();
  const newest = lane.attempts
    .flatMap(({ saves }) => saves.map(({ id }) => id))
    .sort()
    .at(-1);
  if (newest !== undefined) changes.learn(newest);
  await changes.learned();
}

/** A job as a watcher sees it now. */
export function liveJob({ lane, pace }: LaneBench): LiveJob {
  const machine = lane.present().at(-1);
  const reported = lane.attempts.findLast(({ progress }) => progress.length > 0)?.progress.at(-1);
  return {
    title: lane.parts.command.title,
    machine: machine?.number ?? lane.machines.length,
    state: liveState(lane, machine),
    ...(reported === undefined ? {} : { progress: reported }),
    workedMs: pace.position() ?? 0,
  };
}

function liveState(lane: Lane, machine: LaneMachine | undefined): LiveJob["state"] {
  if (lane.finishedMs !== undefined) return { kind: "finished" };
  if (lane.isOver) return { kind: "gave-up" };
  if (machine === undefined) return { kind: "waiting" };
  if (machine.isPaused) return { kind: "standing-still" };
  const leftMs = machine.announcedLeftMs;
  if (leftMs !== undefined) {
    return { kind: "noticed", endsAtMs: lane.parts.time.clock.now() + leftMs };
  }
  return { kind: lane.working() === undefined ? "starting" : "working" };
}
