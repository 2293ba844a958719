import type { DrawnInterruption, Draws } from "./draws.ts";
import type { PlanMoment, PlannedNotice } from "./plan.ts";
import type { LeadKind, RandomMoments, Scenario, ScenarioRandom } from "./scenario.ts";

/** The part of its lead after which a notice is taken back. */
const CANCELLED_AFTER = { from: 0.1, to: 0.8 };

/** The interruptions of a scenario that are drawn. A rate gives no more than the machines that a rehearsal may use. */
export function drawRandomInterruptions(
  { random, capacity, limits }: Scenario,
  draws: Draws,
): readonly DrawnInterruption[] {
  if (random === undefined) return [];
  return momentsOf(random.moments, draws, limits).map((at, index) => {
    const own = draws.of(index + 1);
    const notice = drawNotice(random, own);
    return {
      at,
      duringWrite: false,
      rebalanceBeforeMs:
        own.chance("rebalance") < random.rebalance
          ? own.ms("rebalance-before", random.rebalanceBefore)
          : undefined,
      notice,
      end: { kind: notice?.cancelledAfterMs === undefined ? "machine" : "none" },
      capacityDelayMs: own.ms("capacity", capacity),
      flaps: [],
      faults: [],
    };
  });
}

function momentsOf(moments: RandomMoments, draws: Draws, limits: Scenario["limits"]): readonly PlanMoment[] {
  if (moments.kind === "count") {
    return Array.from({ length: moments.count }, (_, index) => ({
      kind: "share",
      share: draws.of(index + 1).share("at", moments.between),
    }));
  }
  const found: PlanMoment[] = [];
  let ms = moments.firstMs;
  for (let number = 1; number <= limits.machines; number += 1) {
    // Times between events that come without memory are distributed exponentially.
    ms += Math.round(-Math.log(1 - draws.of(number).chance("at")) * moments.everyMs);
    if (ms > limits.timeMs) break;
    found.push({ kind: "worked", ms });
  }
  return found;
}

function drawNotice(random: ScenarioRandom, draws: Draws): PlannedNotice | undefined {
  const kind = drawKind(random.leads, draws.chance("kind"));
  if (kind === "none") return undefined;
  const leadMs = draws.ms("lead", kind === "short" ? random.shortLead : random.normalLead);
  const cancelledAfterMs =
    kind === "cancelled" ? Math.round(leadMs * draws.share("cancelled-after", CANCELLED_AFTER)) : undefined;
  return { action: "terminate", leadMs, via: "metadata", cancelledAfterMs };
}

function drawKind(leads: ScenarioRandom["leads"], chance: number): LeadKind {
  const all = Object.entries(leads) as [LeadKind, number][];
  let left = chance * all.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of all) {
    if (left < weight) return kind;
    left -= weight;
  }
  return all.findLast(([, weight]) => weight > 0)?.[0] ?? "normal";
}
