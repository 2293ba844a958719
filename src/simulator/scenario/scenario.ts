import type { Trace } from "../trace/index.ts";
import type { CloudName, PlannedMetadataFault, PlannedNotice, StoreFaultKind } from "./plan.ts";

// A scenario that was read and checked, every default filled in. Ranges are still ranges: `drawPlan` throws the dice.
// Times are in ms of the scenario, shares from 0 to 1.

/** A number that is drawn from here to there, both included; equal ends are no draw. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** When something happens: shares of the work, ms of work, or ms since the beginning. */
export interface ScenarioMoment {
  readonly kind: "share" | "worked" | "elapsed";
  readonly range: Range;
}

/** Capacity that comes and goes again. */
export interface ScenarioFlaps {
  readonly times: number;
  readonly life: Range;
}

/** How an interruption is announced. */
export interface ScenarioNotice {
  readonly action: PlannedNotice["action"];
  readonly via: PlannedNotice["via"];
  readonly lead: Range;
  readonly cancelledAfter?: Range | undefined;
}

/** What an interruption does in the end; times are drawn. */
export type ScenarioEnd =
  | { readonly kind: "none" | "machine" | "zone" }
  | { readonly kind: "zombie"; readonly paused: Range; readonly awake: Range }
  /** The machine stands still for the capacity delay. */
  | { readonly kind: "hibernation" };

/** One entry of the timetable. */
export interface ScenarioInterruption {
  readonly at: ScenarioMoment;
  readonly duringWrite: boolean;
  readonly rebalanceBefore?: Range | undefined;
  readonly notice?: ScenarioNotice | undefined;
  readonly end: ScenarioEnd;
  readonly capacity: Range;
  readonly flaps?: ScenarioFlaps | undefined;
  readonly faults: readonly PlannedMetadataFault[];
  readonly clockJumpMs?: number | undefined;
}

/** How many interruptions are drawn, and when they come. */
export type RandomMoments =
  | { readonly kind: "count"; readonly count: number; readonly between: Range }
  | { readonly kind: "rate"; readonly everyMs: number; readonly firstMs: number };

/** How a drawn interruption is announced. */
export type LeadKind = "normal" | "short" | "none" | "cancelled";

/** Interruptions that are drawn. */
export interface ScenarioRandom {
  readonly moments: RandomMoments;
  /** How often each comes, in comparison with the others. */
  readonly leads: Readonly<Record<LeadKind, number>>;
  readonly normalLead: Range;
  readonly shortLead: Range;
  /** The share of them that a rebalance recommendation precedes. */
  readonly rebalance: number;
  readonly rebalanceBefore: Range;
}

/** Trouble with the store. */
export interface ScenarioStoreFault {
  readonly kind: StoreFaultKind;
  readonly at: ScenarioMoment;
  readonly for: Range;
  readonly share: number;
  /** For `slow`; otherwise 0. */
  readonly delay: Range;
}

/** A recorded availability that is replayed. */
export interface ScenarioTrace {
  /** As the scenario names it, relative to the scenario's folder. */
  readonly file: string;
  /** The first tick that is replayed. */
  readonly from: number;
  /** How many are; undefined: all. */
  readonly ticks?: number | undefined;
  /** So many instances must be available, or a machine is taken away. */
  readonly need: number;
  /** Undefined: without notice. */
  readonly lead?: Range | undefined;
  /** What the file holds. `loadScenario` reads it. */
  readonly recorded?: Trace | undefined;
}

/** A scenario. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly cloud: CloudName;
  readonly machines: number;
  readonly zones: readonly string[];
  readonly capacity: Range;
  readonly metadata: {
    readonly tokens: "required" | "optional";
    readonly clockAheadMs: number;
    readonly faults: readonly PlannedMetadataFault[];
  };
  readonly interruptions: readonly ScenarioInterruption[];
  readonly random?: ScenarioRandom | undefined;
  readonly store: readonly ScenarioStoreFault[];
  readonly trace?: ScenarioTrace | undefined;
  readonly limits: { readonly machines: number; readonly timeMs: number };
}
