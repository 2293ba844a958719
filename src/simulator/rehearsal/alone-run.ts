import type { Fleet } from "../fleet/index.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Lane } from "./lane.ts";
import type { RehearsalOptions } from "./options.ts";
import type { CollectedOutput } from "./outputs.ts";
import type { AloneRun } from "./record.ts";
import type { RehearsedCommand } from "./rehearsed-command.ts";
import { RehearsalTime } from "./rehearsal-time.ts";
import { type LaneBench, buildLane, closeLanes, liveJob } from "./run-lanes.ts";
import { workedMs } from "./work-positions.ts";

/** What a job showed when nobody disturbed it. */
export interface AloneResult {
  readonly command: RehearsedCommand;
  readonly run: AloneRun;
  readonly outputs: readonly CollectedOutput[];
  /** Why it did not end well; undefined when it did. */
  readonly trouble: string | undefined;
  readonly lastWords: readonly string[];
}

/** Durations are shortened a little, so that something can be learned of the saves of a short job. */
const ALONE_SPEED = 20;

/** Runs every command once on a machine that nobody takes away, all at the same time. */
export async function runAlone(options: RehearsalOptions, fleet: Fleet): Promise<readonly AloneResult[]> {
  const time = new RehearsalTime(options.clock);
  const plan: Plan = {
    ...options.plan,
    machines: 1,
    metadata: { ...options.plan.metadata, faults: [], clockAheadMs: 0 },
    interruptions: [],
    storeFaults: [],
  };
  const length = { workMs: undefined, total: undefined };
  const benches: LaneBench[] = [];
  const giveUp = (): void => {
    for (const { lane } of benches) lane.giveUp("the rehearsal was stopped");
  };
  options.signal.addEventListener("abort", giveUp);
  try {
    for (const command of options.commands) {
      const name = `alone-${command.id}`;
      benches.push(
        await buildLane({ options, plan, fleet, time, speed: ALONE_SPEED, name, length }, command),
      );
    }
    options.watcher.watch(() => benches.map(liveJob));
    for (const { lane } of benches) lane.start();
    if (options.signal.aborted) giveUp();
    await Promise.all(benches.map(({ lane }) => lane.over));
  } finally {
    options.signal.removeEventListener("abort", giveUp);
    await closeLanes(benches);
  }
  options.signal.throwIfAborted();
  return benches.map(({ lane, outputs }) => resultOf(lane, outputs));
}

function resultOf(lane: Lane, outputs: readonly CollectedOutput[]): AloneResult {
  const attempt = lane.attempts.at(-1);
  const end = attempt?.end;
  const progress = attempt?.progress.at(-1);
  return {
    command: lane.parts.command,
    run: {
      tookMs: attempt === undefined ? 0 : workedMs(attempt, lane.parts.time.now()),
      status: end?.status ?? null,
      signal: end?.signal ?? null,
      ...(progress === undefined ? {} : { progress }),
    },
    outputs,
    trouble: lane.gaveUp,
    lastWords: lane.lastWords,
  };
}
