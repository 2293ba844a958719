import { formatDuration } from "../../base/index.ts";
import type { PlannedInterruption, PlannedMetadataFault } from "../scenario/plan.ts";
import type { Lane } from "./lane.ts";
import type { LaneMachine } from "./lane-machine.ts";
import type { InterruptionHappening } from "./record.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";

/** What an interruption is done to. */
export interface Interrupted {
  readonly lanes: readonly Lane[];
  readonly time: RehearsalTime;
  readonly speed: number;
  readonly signal: AbortSignal;
  readonly tell: (words: string) => void;
}

type Happening = { -readonly [Key in keyof InterruptionHappening]: InterruptionHappening[Key] };

const SHORT_WAIT_MS = 10;

/** Lets one interruption of the plan happen to all lanes at the same moments, and tells what happened. */
export async function interrupt(
  { lanes, time, speed, signal, tell }: Interrupted,
  item: PlannedInterruption,
  trigger: string,
): Promise<InterruptionHappening> {
  const happening: Happening = { number: item.number, trigger, what: describeWhat(item) };
  const sleep = (ms: number): Promise<void> => time.clock.sleep(ms / speed, signal);
  await machineToTake(lanes, time, signal);
  const machines = lanes.flatMap((lane) => targetsOf(lane, item));
  if (machines.length === 0) return { ...happening, skipped: true };
  tell(`interruption ${item.number}, ${trigger}: ${happening.what}`);
  for (const machine of machines) {
    machine.disturb(item.faults);
    if (item.clockJumpMs !== undefined) machine.metadata.jumpClock(item.clockJumpMs);
  }
  if (item.rebalanceBeforeMs !== undefined) {
    happening.rebalanceMs = time.now();
    for (const machine of machines) if (!machine.isEnding) machine.metadata.rebalance();
    await sleep(item.rebalanceBeforeMs);
  }
  const cancelled = await giveNotice(item, machines, happening, { sleep, time, speed, signal });
  if (!cancelled && !signal.aborted)
    await end({ item, lanes, machines, happening, time, speed, signal, sleep });
  return happening;
}

/** By the clock the next interruption may come before the next machine does: then it waits for that. */
async function machineToTake(
  [main]: readonly Lane[],
  { clock }: RehearsalTime,
  signal: AbortSignal,
): Promise<void> {
  const isWaiting = (): boolean =>
    main !== undefined && !main.isOver && main.finishedMs === undefined && targetOf(main) === undefined;
  while (isWaiting() && !signal.aborted) await clock.sleep(SHORT_WAIT_MS, signal);
}

interface NoticeContext {
  readonly sleep: (ms: number) => Promise<void>;
  readonly time: RehearsalTime;
  readonly speed: number;
  readonly signal: AbortSignal;
}

/** Gives the notice and waits until it is over. True: it was taken back. */
async function giveNotice(
  { notice }: PlannedInterruption,
  machines: readonly LaneMachine[],
  happening: Happening,
  { sleep, time, speed, signal }: NoticeContext,
): Promise<boolean> {
  if (notice === undefined) return false;
  happening.noticeMs = time.now();
  happening.action = notice.action;
  happening.leadMs = notice.leadMs / speed;
  for (const machine of machines) machine.announce(notice);
  if (notice.cancelledAfterMs === undefined) {
    await sleep(notice.leadMs);
    return false;
  }
  await sleep(notice.cancelledAfterMs);
  if (signal.aborted) return true;
  happening.cancelledMs = time.now();
  for (const machine of machines) machine.callOff();
  return true;
}

interface EndContext {
  readonly item: PlannedInterruption;
  readonly lanes: readonly Lane[];
  readonly machines: readonly LaneMachine[];
  readonly happening: Happening;
  readonly time: RehearsalTime;
  readonly speed: number;
  readonly signal: AbortSignal;
  readonly sleep: (ms: number) => Promise<void>;
}

async function end(context: EndContext): Promise<void> {
  const { item, machines, happening, time, speed, signal, sleep } = context;
  const kind = item.notice === undefined ? "lost" : "interrupted";
  for (const machine of machines) machine.capacityDelayMs = item.capacityDelayMs / speed;
  switch (item.end.kind) {
    case "none":
      return;
    case "machine":
    case "zone":
      happening.endMs = time.now();
      await Promise.all(machines.map((machine) => machine.end(kind)));
      return flap(context);
    case "zombie":
      happening.pausedMs = time.now();
      await Promise.all(machines.map((machine) => machine.pause()));
      for (const machine of machines) machine.supersede();
      await sleep(item.end.pausedMs);
      await successorsWork(context);
      if (signal.aborted) return;
      happening.wokeMs = time.now();
      await Promise.all(machines.map((machine) => machine.wake()));
      await sleep(item.end.awakeMs);
      happening.endMs = time.now();
      await Promise.all(machines.map((machine) => machine.end("lost")));
      return flap(context);
    case "hibernation":
      happening.pausedMs = time.now();
      await Promise.all(machines.map((machine) => machine.pause()));
      await sleep(item.end.pausedMs);
      if (signal.aborted) return;
      happening.wokeMs = time.now();
      await Promise.all(machines.map((machine) => machine.wake()));
      for (const machine of machines) machine.callOff();
      return;
    default:
      return item.end satisfies never;
  }
}

/** A successor may need longer than time that runs faster has for it, in ms. */
const LONGEST_TAKE_OVER_MS = 15_000;

/** Waits until every job works on another machine: only then is the old one a zombie. */
async function successorsWork({ lanes, time }: EndContext): Promise<void> {
  const untilMs = time.now() + LONGEST_TAKE_OVER_MS;
  const isWaiting = (lane: Lane): boolean => !lane.isOver && lane.active() === undefined;
  while (lanes.some(isWaiting) && time.now() < untilMs) await time.clock.sleep(SHORT_WAIT_MS);
}

/** The successors live only shortly, and nobody announces their end. */
async function flap({ item, lanes, time, speed, sleep }: EndContext): Promise<void> {
  await Promise.all(
    lanes.map(async (lane) => {
      for (const lifeMs of item.flaps) {
        while (!lane.isOver && lane.active() === undefined) await time.clock.sleep(SHORT_WAIT_MS);
        const machine = lane.active();
        if (machine === undefined) return;
        await sleep(lifeMs);
        machine.capacityDelayMs = item.capacityDelayMs / speed;
        await machine.end("lost");
      }
    }),
  );
}

/** The machine on which the job runs, or is about to. */
function targetOf(lane: Lane): LaneMachine | undefined {
  return lane.active() ?? lane.present().findLast(({ isPaused }) => !isPaused);
}

/** What is taken from a job: its machine, and with a whole zone all its neighbours. */
function targetsOf(lane: Lane, { end: { kind } }: PlannedInterruption): readonly LaneMachine[] {
  const target = targetOf(lane);
  if (target === undefined || lane.finishedMs !== undefined) return [];
  return kind === "zone" ? lane.present().filter(({ zone }) => zone === target.zone) : [target];
}

/** For people, in few words. */
export function describeWhat(item: PlannedInterruption): string {
  const { rebalanceBeforeMs, flaps, faults, clockJumpMs } = item;
  const odd = { zone: "the whole zone", zombie: "zombie", hibernation: "hibernation", machine: "", none: "" };
  return [
    clockJumpMs === undefined ? "" : `clock jumps by ${formatDuration(clockJumpMs)}`,
    faults.length === 0 ? "" : `metadata in trouble (${[...new Set(faults.map(describeFault))].join(", ")})`,
    rebalanceBeforeMs === undefined ? "" : "rebalance recommendation",
    describeNotice(item),
    odd[item.end.kind],
    flaps.length === 0 ? "" : `${flaps.length} short lives`,
  ]
    .filter((words) => words !== "")
    .join(", ");
}

function describeNotice({ notice, end: ending }: PlannedInterruption): string {
  if (notice === undefined) return ending.kind === "none" ? "" : "no notice";
  return notice.cancelledAfterMs === undefined
    ? `notice ${Math.round(notice.leadMs / 100) / 10} s`
    : "notice taken back";
}

function describeFault({ kind, status }: PlannedMetadataFault): string {
  return status === undefined ? kind : String(status);
}
