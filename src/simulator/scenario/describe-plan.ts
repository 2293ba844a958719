import { formatDuration } from "../../base/index.ts";
import type {
  Plan,
  PlanMoment,
  PlannedEnd,
  PlannedInterruption,
  PlannedMetadataFault,
  PlannedNotice,
  PlannedStoreFault,
} from "./plan.ts";

/** Says a time. */
type Say = (ms: number) => string;

/**
 * Lines for people that say what will happen: first about the whole, then one for each interruption and each trouble with the
 * store. With a speed, times are real ones, divided by it; without, those of the scenario.
 */
export function describePlan(plan: Plan, { speed }: { readonly speed?: number } = {}): readonly string[] {
  const say: Say = (ms) => sayTime(ms / (speed ?? 1));
  const width = String(plan.interruptions.length).length;
  const description = plan.description === "" ? "" : `: ${plan.description}`;
  return [
    `Scenario ${plan.scenario}, seed ${plan.seed}${description}`,
    ...(speed === undefined || speed === 1
      ? []
      : [`Times are real ones, ${speed} times shorter than the scenario's.`]),
    describeFleet(plan),
    ...describeMetadata(plan, say),
    ...(plan.interruptions.length === 0 ? ["No machine is interrupted."] : []),
    ...plan.interruptions.map(
      (one) => `${String(one.number).padStart(width)}  ${describeInterruption(one, say)}`,
    ),
    ...plan.storeFaults.map((fault) => `store  ${describeStoreFault(fault, say)}`),
    `It gives up after ${plan.limits.machines} machines or ${say(plan.limits.timeMs)}.`,
  ];
}

function describeFleet({ machines, zones, cloud }: Plan): string {
  const count = machines === 1 ? "One machine at a time" : `${machines} machines, of which one works`;
  return `${count}, in ${zones.length === 1 ? "zone" : "zones"} ${zones.join(", ")}, with the metadata service of ${cloud}.`;
}

function describeMetadata({ metadata, cloud }: Plan, say: Say): readonly string[] {
  const { tokens, clockAheadMs, faults } = metadata;
  const without = cloud === "aws" && tokens === "optional" ? ["answers also without a token"] : [];
  const clock =
    clockAheadMs === 0
      ? []
      : [`has a clock that is ${say(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? "ahead" : "behind"}`];
  const all = [...without, ...clock, ...faults.map((fault) => describeFault(fault, say))];
  return all.length === 0 ? [] : [`The metadata service ${all.join("; ")}.`];
}

function describeInterruption(one: PlannedInterruption, say: Say): string {
  const steps = [
    ...(one.duringWrite ? ["waits until a file is being written"] : []),
    ...one.faults.map((fault) => `the metadata service ${describeFault(fault, say)}`),
    ...(one.clockJumpMs === undefined ? [] : [describeJump(one.clockJumpMs, say)]),
    ...describeWarnings(one, say),
    describeEnd(one.end, one.notice, say),
    ...describeReplacement(one, say),
  ];
  return `${describeMoment(one.at, say)}: ${steps.filter((step) => step !== "").join(", ")}`;
}

function describeMoment(at: PlanMoment, say: Say): string {
  switch (at.kind) {
    case "share":
      return `at ${percent(at.share)} of the work`;
    case "worked":
      return `after ${say(at.ms)} of work`;
    case "elapsed":
      return `${say(at.ms)} after the beginning`;
    default:
      return at satisfies never;
  }
}

function describeWarnings(
  { rebalanceBeforeMs, notice, end }: PlannedInterruption,
  say: Say,
): readonly string[] {
  const told = notice === undefined ? [] : [describeNotice(notice, say)];
  if (rebalanceBeforeMs === undefined)
    return notice === undefined && end.kind !== "none" ? ["no notice"] : told;
  if (notice === undefined) {
    const later = rebalanceBeforeMs === 0 || end.kind === "none" ? "" : `, ${say(rebalanceBeforeMs)} later`;
    return [`rebalance recommendation without a notice${later}`];
  }
  if (rebalanceBeforeMs === 0) return [`rebalance recommendation together with ${told.join("")}`];
  return ["rebalance recommendation", `${say(rebalanceBeforeMs)} later ${told.join("")}`];
}

const HEARD: Readonly<Record<PlannedNotice["via"], string>> = {
  metadata: "",
  signal: " by SIGTERM",
  both: " by metadata and SIGTERM",
};

function describeNotice({ action, leadMs, via, cancelledAfterMs }: PlannedNotice, say: Say): string {
  const what = action === "terminate" ? "" : ` (${action})`;
  const lead = leadMs === 0 ? "notice of the very moment" : `notice of ${say(leadMs)}`;
  const back = cancelledAfterMs === undefined ? "" : ` that is taken back after ${say(cancelledAfterMs)}`;
  return `${lead}${what}${HEARD[via]}${back}`;
}

function describeEnd(end: PlannedEnd, notice: PlannedNotice | undefined, say: Say): string {
  const then = notice === undefined ? "" : "then ";
  switch (end.kind) {
    case "none":
      return "nothing ends";
    case "machine":
      return `${then}the machine is gone`;
    case "zone":
      return `${then}every machine of its zone is gone`;
    case "zombie":
      return `${then}the machine stands still for ${say(end.pausedMs)}, wakes up, and is gone ${say(end.awakeMs)} later`;
    case "hibernation":
      return `${then}the machine stands still for ${say(end.pausedMs)} and goes on`;
    default:
      return end satisfies never;
  }
}

function describeReplacement(
  { end, capacityDelayMs, flaps }: PlannedInterruption,
  say: Say,
): readonly string[] {
  if (end.kind === "none" || end.kind === "hibernation") return [];
  const after = end.kind === "zombie" ? " of standstill" : "";
  const next = `the next after ${say(capacityDelayMs)}${after}`;
  if (flaps.length === 0) return [next];
  return [`${next}; of these, ${flaps.length} live only ${flaps.map(say).join(", ")}`];
}

function describeJump(ms: number, say: Say): string {
  return `the metadata service's clock jumps ${say(Math.abs(ms))} ${ms < 0 ? "back" : "ahead"}`;
}

function describeFault(
  { kind, status, ms, on, fromMs, forMs }: PlannedMetadataFault,

  say: Say,
): string {
  const aim =
    on === undefined || on === "all" ? "" : on === "token" ? " to requests for a token" : ` to ${on}`;
  const from = fromMs === 0 ? "" : ` from ${say(fromMs)} on`;
  const long = forMs === undefined ? "" : ` for ${say(forMs)}`;
  const by = ms === undefined ? "" : ` by ${ms < 0 ? "-" : ""}${say(Math.abs(ms))}`;
  const words: Readonly<Record<PlannedMetadataFault["kind"], string>> = {
    status: `answers ${status}`,
    slow: `answers late${by}`,
    hang: "never answers",
    "web-page": "answers with a web page",
    garbage: "answers with garbage",
    "cut-off": "breaks off its answers",
    reset: "breaks connections",
    "too-large": "answers without end",
    "no-date": "leaves out the date",
    "date-skew": `has a wrong date${by}`,
  };
  return `${words[kind]}${aim}${from}${long}`;
}

function describeStoreFault({ kind, at, forMs, share, delayMs }: PlannedStoreFault, say: Say): string {
  const calls = share === 1 ? "every call" : `${percent(share)} of its calls`;
  const how: Readonly<Record<PlannedStoreFault["kind"], string>> = {
    timeout: `does not answer ${calls}`,
    "500": `fails ${calls} with 500`,
    "503": `refuses ${calls} with 503`,
    "409": `answers 409 to creates, ${calls}`,
    "412": `answers 412 to creates, ${calls}`,
    slow: `is ${say(delayMs)} slower at ${calls}`,
    full: `is full for ${calls}`,
  };
  return `${describeMoment(at, say)}: it ${how[kind]}, for ${say(forMs)}`;
}

/** Whole seconds up to two minutes, as notices are counted. */
function sayTime(ms: number): string {
  const seconds = Math.round(ms / 100) / 10;
  if (ms >= 1000 && seconds <= 120) return `${seconds} s`;
  return formatDuration(ms);
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
