import { SpotproofError } from "../../base/index.ts";
import { planFromTrace } from "../trace/index.ts";
import { type DrawnInterruption, type Draws, drawsOf } from "./draws.ts";
import { drawRandomInterruptions } from "./draw-random.ts";
import type { Plan, PlanMoment, PlannedEnd, PlannedStoreFault } from "./plan.ts";
import type {
  Scenario,
  ScenarioEnd,
  ScenarioInterruption,
  ScenarioMoment,
  ScenarioStoreFault,
} from "./scenario.ts";

/** The seed when nobody says another. */
const USUAL_SEED = 1;

/** How dice are thrown. */
export interface DrawOptions {
  /** A whole number from 0 to 2^32 - 1; default 1. The same seed gives the same plan. */
  readonly seed?: number | undefined;
}

/**
 * Throws the dice of a scenario. Interruptions are numbered in the order in which they come; where some are dated by the job's work
 * and others by the clock nobody can know that order, and each kind keeps the places that the scenario gives it.
 * @throws SpotproofError `bad-usage` for a seed that is none, or a trace that was not read or has nothing to replay
 */
export function drawPlan(scenario: Scenario, { seed = USUAL_SEED }: DrawOptions = {}): Plan {
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff)) {
    throw new SpotproofError("bad-usage", `seed ${seed} is not a whole number from 0 to 4294967295.`);
  }
  const draws = drawsOf(seed);
  const interruptions = [
    ...scenario.interruptions.map((one, index) =>
      drawInterruption(one, draws.of("interruption").of(index + 1)),
    ),
    ...drawRandomInterruptions(scenario, draws.of("random")),
    ...drawTrace(scenario, draws.of("trace")),
  ];
  return {
    scenario: scenario.name,
    description: scenario.description,
    seed,
    cloud: scenario.cloud,
    machines: scenario.machines,
    zones: scenario.zones,
    metadata: scenario.metadata,
    interruptions: inOrder(interruptions).map((one, index) => ({ ...one, number: index + 1 })),
    storeFaults: inOrder(
      scenario.store.map((one, index) => drawStoreFault(one, draws.of("store").of(index + 1))),
    ),
    limits: scenario.limits,
  };
}

function drawInterruption(one: ScenarioInterruption, draws: Draws): DrawnInterruption {
  const { notice, rebalanceBefore, flaps } = one;
  const cancelled = notice?.cancelledAfter;
  const capacityDelayMs = draws.ms("capacity", one.capacity);
  return {
    at: drawMoment(one.at, draws),
    duringWrite: one.duringWrite,
    rebalanceBeforeMs: rebalanceBefore === undefined ? undefined : draws.ms("rebalance", rebalanceBefore),
    notice:
      notice === undefined
        ? undefined
        : {
            action: notice.action,
            leadMs: draws.ms("lead", notice.lead),
            via: notice.via,
            cancelledAfterMs: cancelled === undefined ? undefined : draws.ms("cancelled-after", cancelled),
          },
    end: drawEnd(one.end, draws, capacityDelayMs),
    capacityDelayMs,
    flaps: Array.from({ length: flaps?.times ?? 0 }, (_, index) =>
      flaps === undefined ? 0 : draws.ms(`flap ${index + 1}`, flaps.life),
    ),
    faults: one.faults,
    clockJumpMs: one.clockJumpMs,
  };
}

function drawEnd(end: ScenarioEnd, draws: Draws, capacityDelayMs: number): PlannedEnd {
  switch (end.kind) {
    case "zombie":
      return {
        kind: end.kind,
        pausedMs: draws.ms("paused", end.paused),
        awakeMs: draws.ms("awake", end.awake),
      };
    case "hibernation":
      return { kind: end.kind, pausedMs: capacityDelayMs };
    case "none":
    case "machine":
    case "zone":
      return { kind: end.kind };
    default:
      return end satisfies never;
  }
}

function drawMoment({ kind, range }: ScenarioMoment, draws: Draws): PlanMoment {
  return kind === "share" ? { kind, share: draws.share("at", range) } : { kind, ms: draws.ms("at", range) };
}

function drawStoreFault(fault: ScenarioStoreFault, draws: Draws): PlannedStoreFault {
  return {
    kind: fault.kind,
    at: drawMoment(fault.at, draws),
    forMs: draws.ms("for", fault.for),
    share: fault.share,
    delayMs: draws.ms("delay", fault.delay),
  };
}

function drawTrace({ trace }: Scenario, draws: Draws): readonly DrawnInterruption[] {
  if (trace === undefined) return [];
  const { recorded, from, ticks, need, lead } = trace;
  if (recorded === undefined) {
    throw new SpotproofError(
      "bad-usage",
      `The trace ${trace.file} was not read with its scenario: a scenario that replays one is loaded from its file.`,
    );
  }
  const leadMs = (fall: number): number | undefined =>
    lead === undefined ? undefined : draws.of(fall).ms("lead", lead);
  return planFromTrace(recorded, { from, ticks, need, leadMs });
}

/** Sorts those that can be compared, each kind of moment on the places that it has. */
function inOrder<One extends { readonly at: PlanMoment }>(all: readonly One[]): readonly One[] {
  const position = ({ at }: One): number => (at.kind === "share" ? at.share : at.ms);
  const queues = new Map<PlanMoment["kind"], One[]>();
  for (const one of [...all].sort((a, b) => position(a) - position(b))) {
    const queue = queues.get(one.at.kind) ?? [];
    queues.set(one.at.kind, queue);
    queue.push(one);
  }
  return all.map((one) => queues.get(one.at.kind)?.shift() ?? one);
}
