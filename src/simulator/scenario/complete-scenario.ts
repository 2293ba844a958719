import type { CloudName } from "./plan.ts";
import { actionOf, endsOf, leadOf, usualLead } from "./interruption-defaults.ts";
import type {
  Range,
  Scenario,
  ScenarioEnd,
  ScenarioInterruption,
  ScenarioMoment,
  ScenarioRandom,
  ScenarioStoreFault,
  ScenarioTrace,
} from "./scenario.ts";
import { plannedFault } from "./schema/fault-schemas.ts";
import type { WrittenInterruption, WrittenScenario } from "./schema/scenario-schema.ts";

const seconds = (from: number, to = from): Range => ({ from: from * 1000, to: to * 1000 });

const HOP_LIMIT_FAULT = { kind: "hang", on: "token", fromMs: 0 } as const;

/** Fills in what a scenario leaves out. It was checked before: nothing is refused here. */
export function completeScenario(written: WrittenScenario): Scenario {
  const { cloud = "aws", capacity = seconds(30, 60), metadata = {} } = written;
  const hop = metadata["hop-limit"] === "too-low" ? [HOP_LIMIT_FAULT] : [];
  return {
    name: written.name,
    description: written.description ?? "",
    cloud,
    machines: written.fleet?.machines ?? 1,
    zones: written.fleet?.zones ?? ["a", "b"],
    capacity,
    metadata: {
      tokens: metadata.tokens ?? "required",
      clockAheadMs: metadata.clock ?? 0,
      faults: [...hop, ...(metadata.faults ?? []).map(plannedFault)],
    },
    interruptions: (written.interruptions ?? []).map((one) => completeInterruption(one, cloud, capacity)),
    random: completeRandom(written.random, cloud),
    store: (written.store ?? []).map(completeStoreFault),
    trace: completeTrace(written.trace, cloud),
    limits: { machines: written.limits?.machines ?? 20, timeMs: written.limits?.time ?? 12 * 3_600_000 },
  };
}

function completeInterruption(
  written: WrittenInterruption,
  cloud: CloudName,
  capacity: Range,
): ScenarioInterruption {
  const lead = leadOf(written, cloud);
  return {
    at: momentOf(written),
    duringWrite: written["during-write"] ?? false,
    rebalanceBefore: typeof written.rebalance === "string" ? seconds(0) : written.rebalance,
    notice:
      lead === undefined
        ? undefined
        : {
            action: actionOf(written),
            via: written.via === "sigterm" ? "signal" : (written.via ?? "metadata"),
            lead,
            cancelledAfter: written["cancelled-after"],
          },
    end: endOf(written),
    capacity: written.capacity ?? capacity,
    flaps: written.flaps,
    faults: (written.faults ?? []).map(plannedFault),
    clockJumpMs: written["clock-jump"],
  };
}

function endOf(written: WrittenInterruption): ScenarioEnd {
  const kind = endsOf(written);
  switch (kind) {
    case "nothing":
      return { kind: "none" };
    case "zombie":
      return {
        kind,
        paused: written.zombie?.paused ?? seconds(150),
        awake: written.zombie?.awake ?? seconds(30),
      };
    case "machine":
    case "zone":
    case "hibernation":
      return { kind };
    default:
      return kind satisfies never;
  }
}

interface WrittenMoment {
  readonly at?: Range | undefined;
  readonly after?: Range | undefined;
  readonly time?: Range | undefined;
}

function momentOf({ at, after, time }: WrittenMoment): ScenarioMoment {
  if (at !== undefined) return { kind: "share", range: at };
  if (after !== undefined) return { kind: "worked", range: after };
  return { kind: "elapsed", range: time ?? seconds(0) };
}

function completeRandom(written: WrittenScenario["random"], cloud: CloudName): ScenarioRandom | undefined {
  if (written === undefined) return undefined;
  const { interruptions, every, first = 0, between = [0.05, 0.95] } = written;
  const { normal = 0, short = 0, none = 0, cancelled = 0 } = written.leads ?? { normal: 1 };
  return {
    moments:
      interruptions === undefined
        ? { kind: "rate", everyMs: every ?? 0, firstMs: first }
        : { kind: "count", count: interruptions, between: { from: between[0], to: between[1] } },
    leads: { normal, short, none, cancelled },
    normalLead: usualLead(cloud),
    shortLead: written["short-lead"] ?? seconds(5, 30),
    rebalance: written.rebalance ?? 0,
    rebalanceBefore: written["rebalance-before"] ?? seconds(0, 120),
  };
}

type WrittenStoreFault = NonNullable<WrittenScenario["store"]>[number];

function completeStoreFault(written: WrittenStoreFault): ScenarioStoreFault {
  return {
    kind: written.kind,
    at: momentOf(written),
    for: written.for,
    share: written.share ?? 1,
    delay: written.kind === "slow" ? written.delay : seconds(0),
  };
}

function completeTrace(written: WrittenScenario["trace"], cloud: CloudName): ScenarioTrace | undefined {
  if (written === undefined) return undefined;
  const { file, from = 0, ticks, need = 1, lead = usualLead(cloud) } = written;
  return { file, from, ticks, need, lead: lead === "none" ? undefined : lead };
}
