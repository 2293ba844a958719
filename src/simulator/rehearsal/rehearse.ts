import { VERSION } from "../../base/index.ts";
import { type Fleet, prepareFleet } from "../fleet/index.ts";
import type { PlannedInterruption } from "../scenario/plan.ts";
import { type AloneResult, runAlone } from "./alone-run.ts";
import { jobFacts } from "./facts.ts";
import { type Interrupted, describeWhat, interrupt } from "./interruptions.ts";
import type { RehearsalOptions } from "./options.ts";
import { compareOutputs, missingOutputs } from "./outputs.ts";
import { describeMoment, lengthOf } from "./pace.ts";
import {
  type InterruptionHappening,
  REHEARSAL_FORMAT,
  type RehearsalRecord,
  type RehearsedJob,
} from "./record.ts";
import { RehearsalTime } from "./rehearsal-time.ts";
import { type LaneBench, buildLane, closeLanes, liveJob } from "./run-lanes.ts";
import { automaticSpeed } from "./speed.ts";
import { StoreTrouble } from "./store-trouble.ts";

/**
 * Rehearses a job: runs it alone, then on machines that go away as the plan says, and tells what happened. Nothing of it
 * is left when it resolves or rejects, but for the workspace.
 * @throws SpotproofError `bad-usage`, `disk-full`, `temporary-folder-unusable`; the signal's reason when it aborts
 */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalRecord> {
  const fleet = await prepareFleet({
    clock: options.clock,
    workspace: options.workspace,
    workingFolder: options.workingFolder,
    excluded: options.excluded,
    inputs: options.inputs,
    visible: options.visible,
    environment: options.environment,
    platform: options.computer.platform as NodeJS.Platform,
    uid: options.uid,
    isolation: options.isolation,
  });
  // What is not kept apart here must be known before the job runs, not only after.
  if (fleet.isolation === "folders") for (const note of fleet.notes) options.watcher.tell(note);
  try {
    const alone = options.alone ? await rehearseAlone(options, fleet) : [];
    const failed = alone.find(({ trouble }) => trouble !== undefined);
    if (failed !== undefined) return recordOfFailureAlone(options, fleet, alone);
    return await rehearseInterrupted(options, fleet, alone);
  } finally {
    await fleet.close();
  }
}

async function rehearseAlone(options: RehearsalOptions, fleet: Fleet): Promise<readonly AloneResult[]> {
  options.watcher.tell("alone: the job on a machine that nobody takes away");
  const alone = await runAlone(options, fleet);
  for (const { command, run, trouble } of alone) {
    const seconds = (run.tookMs / 1000).toFixed(1);
    options.watcher.tell(`${command.title}: ${trouble ?? `done in ${seconds} s`}`);
  }
  return alone;
}

/** What the interrupted part is made of. */
interface Course {
  readonly options: RehearsalOptions;
  readonly benches: readonly LaneBench[];
  readonly main: LaneBench;
  readonly time: RehearsalTime;
  readonly speed: number;
  readonly stop: AbortController;
}

async function rehearseInterrupted(
  options: RehearsalOptions,
  fleet: Fleet,
  alone: readonly AloneResult[],
): Promise<RehearsalRecord> {
  const { plan } = options;
  const time = new RehearsalTime(options.clock);
  const [first] = alone;
  const speed =
    options.speed === "auto" ? automaticSpeed(plan, options.lengthMs ?? first?.run.tookMs) : options.speed;
  const benches: LaneBench[] = [];
  for (const command of options.commands) {
    const run = alone.find((one) => one.command === command)?.run;
    const length = lengthOf(run, options.lengthMs);
    benches.push(await buildLane({ options, plan, fleet, time, speed, name: command.id, length }, command));
  }
  const [main] = benches;
  if (main === undefined) throw new TypeError("A rehearsal needs a job.");
  const course: Course = { options, benches, main, time, speed, stop: new AbortController() };
  const trouble = new StoreTrouble(
    benches.map(({ lane }) => lane),
    speed,
  );
  const interruptions = await runCourse(course, trouble);
  options.signal.throwIfAborted();
  const jobs = await Promise.all(benches.map((bench) => factsOf(options, bench, alone)));
  // The comparison of outputs was ended, too, and says nothing of them.
  options.signal.throwIfAborted();
  return {
    ...recordFrame(options, fleet, time, speed),
    tookMs: time.now(),
    pacedBy: main.pace.pacedBy,
    interruptions,
    storeFaults: trouble.happened,
    jobs,
  };
}

/** Lets everything of the plan happen, waits for the jobs, and takes everything away. */
async function runCourse(course: Course, trouble: StoreTrouble): Promise<readonly InterruptionHappening[]> {
  const { options, benches, stop } = course;
  const lanes = benches.map(({ lane }) => lane);
  const giveUp = (reason: string): void => {
    for (const lane of lanes) lane.giveUp(reason);
  };
  const abandon = (): void => giveUp("the rehearsal was stopped");
  await trouble.prepare();
  const limitMs = longestMs(course);
  const limit = options.clock.after(limitMs, () => giveUp(`not done after ${Math.round(limitMs / 1000)} s`));
  options.signal.addEventListener("abort", abandon);
  try {
    options.watcher.watch(() => benches.map(liveJob));
    for (const lane of lanes) lane.start();
    if (options.signal.aborted) abandon();
    const happening = Promise.all([takeCourse(course), ...takeTroubles(course, trouble)]);
    // Looked at below; until then the jobs end, for a rehearsal that has broken down proves nothing.
    happening.catch(() => giveUp("the rehearsal itself broke down"));
    await Promise.all(lanes.map((lane) => lane.over));
    stop.abort();
    return (await happening)[0];
  } finally {
    stop.abort();
    limit.cancel();
    options.signal.removeEventListener("abort", abandon);
    await closeLanes(benches);
  }
}

function takeTroubles({ options, main, stop }: Course, trouble: StoreTrouble): readonly Promise<void>[] {
  return options.plan.storeFaults.map(async (fault) => {
    if ((await main.pace.reach(fault.at, stop.signal)) === "reached")
      await trouble.befall(fault, stop.signal);
  });
}

async function takeCourse(course: Course): Promise<readonly InterruptionHappening[]> {
  const { options, benches, main, stop, time, speed } = course;
  const interrupted: Interrupted = {
    lanes: benches.map(({ lane }) => lane),
    time,
    speed,
    signal: stop.signal,
    tell: (words) => options.watcher.tell(words),
  };
  const happened: InterruptionHappening[] = [];
  for (const item of options.plan.interruptions) {
    const reached = await main.pace.reach(item.at, stop.signal);
    const trigger = describeMoment(item.at, main.pace.pacedBy);
    if (reached === "over") {
      happened.push({ number: item.number, trigger, what: describeWhat(item), skipped: true });
      continue;
    }
    if (item.duringWrite) await untilWriting(course);
    happened.push(await interrupt(interrupted, item, trigger));
  }
  return happened;
}

/** Of the work alone: longer, and what comes afterwards would be swallowed. */
const WAIT_FOR_WRITE_SHARE = 0.05;
const LONGEST_WAIT_FOR_WRITE_MS = 10_000;
const SHORTEST_WAIT_FOR_WRITE_MS = 500;
const LOOK_FOR_WRITE_MS = 3;

/** Waits for a while until a file of the checkpoint folder is open for writing. */
async function untilWriting({ main, time, stop }: Course): Promise<void> {
  const { lane } = main;
  const folder = lane.parts.command.supervision?.checkpointFolder;
  if (folder === undefined) return;
  const shareMs = (main.pace.workMs ?? 0) * WAIT_FOR_WRITE_SHARE;
  const waitMs = Math.min(LONGEST_WAIT_FOR_WRITE_MS, Math.max(SHORTEST_WAIT_FOR_WRITE_MS, shareMs));
  const untilMs = time.now() + waitMs;
  while (time.now() < untilMs && !stop.signal.aborted) {
    const files = lane.active()?.machine.filesOpenForWriting(folder) ?? [];
    if (files.some(({ append }) => !append)) return;
    await time.clock.sleep(LOOK_FOR_WRITE_MS, stop.signal);
  }
}

/** The limit of the plan, but always enough for a job that is thrown back by every interruption. */
function longestMs({ options, main, speed }: Course): number {
  const { plan } = options;
  const each = main.pace.workMs ?? 0;
  const lives = plan.interruptions.reduce((sum, { flaps }) => sum + 1 + flaps.length, 2);
  return plan.limits.timeMs / speed + each * lives * 2;
}

async function factsOf(
  options: RehearsalOptions,
  bench: LaneBench,
  alone: readonly AloneResult[],
): Promise<RehearsedJob> {
  const { lane, changes, outputs } = bench;
  const before = alone.find(({ command }) => command === lane.parts.command);
  const { clock, signal } = options;
  const { files, sameBy } = options.outputs;
  const compared =
    lane.finishedMs === undefined
      ? missingOutputs(files)
      : await compareOutputs(outputs, before?.outputs ?? [], { sameBy, clock, signal });
  return jobFacts(lane, { alone: before?.run, outputs: compared, changes });
}

function recordFrame(options: RehearsalOptions, fleet: Fleet, time: RehearsalTime, speed: number) {
  return {
    format: REHEARSAL_FORMAT,
    writtenBy: `spotproof ${VERSION}`,
    startedAt: time.startedAt,
    repeat: options.repeat,
    plan: options.plan,
    speed,
    computer: { ...options.computer, isolation: fleet.isolation },
    notes: [...fleet.notes, ...notesOf(options)],
  };
}

function notesOf({ plan }: RehearsalOptions): readonly string[] {
  const deaf =
    plan.cloud === "aws"
      ? []
      : [
          `Machines had the metadata service of ${plan.cloud}. Spotproof itself listens to EC2's and to signals so far: what it was told here, it was told by signals.`,
        ];
  return [
    ...deaf,
    "A machine was a process tree on this computer with its own folders and metadata service; its end was SIGKILL for everything on it. Network, other machines and the cloud's own services were not part of it.",
  ];
}

/** A job that fails when nobody disturbs it has nothing to prove. */
function recordOfFailureAlone(
  options: RehearsalOptions,
  fleet: Fleet,
  alone: readonly AloneResult[],
): RehearsalRecord {
  const time = new RehearsalTime(options.clock);
  const skipped = (item: PlannedInterruption): InterruptionHappening => ({
    number: item.number,
    trigger: describeMoment(item.at, "time"),
    what: describeWhat(item),
    skipped: true,
  });
  return {
    ...recordFrame(options, fleet, time, 1),
    tookMs: 0,
    pacedBy: "time",
    interruptions: options.plan.interruptions.map(skipped),
    storeFaults: [],
    jobs: alone.map(({ command, run, trouble, lastWords }) => ({
      id: command.id,
      title: command.title,
      command: command.shown,
      supervised: command.supervision !== undefined,
      alone: run,
      machines: [],
      attempts: [],
      gaveUp: trouble ?? "the other job failed when it ran alone, so nothing was rehearsed",
      outputs: missingOutputs(options.outputs.files),
      leftBehind: [],
      halfWritten: [],
      lastWords,
    })),
  };
}
