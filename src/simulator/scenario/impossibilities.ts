import { formatDuration } from "../../base/index.ts";
import { actionOf, endsOf, leadOf } from "./interruption-defaults.ts";
import type { FieldPath } from "./mistakes.ts";
import type { CloudName } from "./plan.ts";
import type { Range } from "./scenario.ts";
import type { WrittenInterruption, WrittenScenario } from "./schema/scenario-schema.ts";

/** Fields that are right each by itself and cannot be together. */
export interface Impossibility {
  readonly path: FieldPath;
  readonly words: string;
}

/** What cannot be in a scenario whose shape is right. */
export function impossibilities(scenario: WrittenScenario): readonly Impossibility[] {
  const cloud = scenario.cloud ?? "aws";
  return [
    ...ofTheWhole(scenario),
    ...ofTheMetadata(scenario, cloud),
    ...(scenario.interruptions ?? []).flatMap((written, index) => {
      const found = [
        ...ofAMoment(written),
        ...ofAnEnd(written),
        ...ofANotice(written, cloud),
        ...ofAHibernation(written, cloud),
      ];
      return found.map(({ path, words }) => ({ path: ["interruptions", index, ...path], words }));
    }),
    ...(scenario.store ?? []).flatMap((fault, index) =>
      ofAMoment(fault).map(({ path, words }) => ({ path: ["store", index, ...path], words })),
    ),
    ...ofRandom(scenario, cloud),
  ];
}

function ofTheWhole({
  interruptions,
  random,
  trace,
  store,
  metadata,
  fleet,
  limits,
}: WrittenScenario): readonly Impossibility[] {
  const isCalm = [interruptions, store, metadata?.faults].every((all) => (all ?? []).length === 0);
  const hasHopLimit = metadata?.["hop-limit"] === "too-low";
  const found: Impossibility[] = [];
  if (isCalm && !hasHopLimit && random === undefined && trace === undefined) {
    const words = "nothing happens in it: give it interruptions, random, trace, store or metadata faults";
    found.push({ path: [], words });
  }
  const machines = fleet?.machines ?? 1;
  const most = limits?.machines ?? machines;
  if (most < machines) {
    const words = `must be at least the ${machines} machines of the fleet; found ${most}`;
    found.push({ path: ["limits", "machines"], words });
  }
  return found;
}

function ofTheMetadata({ metadata }: WrittenScenario, cloud: CloudName): readonly Impossibility[] {
  if (cloud === "aws") return [];
  return (["tokens", "hop-limit"] as const)
    .filter((key) => metadata?.[key] !== undefined)
    .map((key) => ({
      path: ["metadata", key],
      words: `must be left out: only aws has it, and the cloud is ${cloud}`,
    }));
}

interface WrittenMoment {
  readonly at?: Range | undefined;
  readonly after?: Range | undefined;
  readonly time?: Range | undefined;
}

function ofAMoment({ at, after, time }: WrittenMoment): readonly Impossibility[] {
  const given = [at, after, time].filter((one) => one !== undefined).length;
  if (given === 0) return [{ path: [], words: "needs its moment: at: 25%, after: 10m or time: 1h" }];
  if (given > 1) return [{ path: [], words: "has more than one moment: keep one of at, after and time" }];
  if (at !== undefined && at.to >= 1) {
    return [{ path: ["at"], words: "must be below 100%: by then the job has ended" }];
  }
  return [];
}

/** What ends, and fields that belong to another end. */
function ofAnEnd(written: WrittenInterruption): readonly Impossibility[] {
  const ends = endsOf(written);
  const found: Impossibility[] = [];
  const refuse = (key: keyof WrittenInterruption, words: string): void => {
    if (written[key] !== undefined) found.push({ path: [key], words });
  };
  if (ends !== "zombie") refuse("zombie", "needs ends: zombie");
  if (ends === "nothing") {
    refuse("capacity", "must be left out: nothing ends, so nothing is replaced");
    if (written.ends !== undefined && written.ends !== "nothing") refuse("ends", "must be nothing");
  }
  if (ends === "nothing" || ends === "hibernation") {
    refuse("flaps", "must be left out: there is no successor that could be taken away");
  }
  if (written.rebalance === "alone") {
    if (ends !== "nothing") refuse("ends", "must be left out or nothing with rebalance: alone");
    for (const key of ["lead", "action", "via", "cancelled-after"] as const) {
      refuse(key, "must be left out with rebalance: alone, which no notice follows");
    }
  }
  const happens = [written.rebalance, written["clock-jump"], written["cancelled-after"], written.lead];
  const isIdle = happens.every((one) => one === undefined || one === "none");
  if (ends === "nothing" && isIdle && (written.faults ?? []).length === 0) {
    const words = "does nothing: give it a lead, rebalance, faults or a clock-jump, or let something end";
    found.push({ path: [], words });
  }
  return found;
}

function ofANotice(written: WrittenInterruption, cloud: CloudName): readonly Impossibility[] {
  const found: Impossibility[] = [];
  const lead = leadOf(written, cloud);
  const cancelled = written["cancelled-after"];
  if (written.lead === "none") {
    for (const key of ["action", "via"] as const) {
      if (written[key] === undefined) continue;
      found.push({ path: [key], words: "must be left out with lead: none, since nothing is announced" });
    }
  }
  if (written.rebalance !== undefined && cloud !== "aws") {
    found.push({
      path: ["rebalance"],
      words: `must be left out: only aws recommends a rebalance, and the cloud is ${cloud}`,
    });
  }
  if (cancelled === undefined || written.rebalance === "alone") return found;
  const path = ["cancelled-after"];
  if (endsOf(written) !== "nothing") {
    found.push({
      path,
      words: `cannot be together with ends: ${endsOf(written)}: what is taken back ends nothing`,
    });
  }
  if (lead === undefined) {
    found.push({ path, words: "needs a notice that can be taken back, and lead is none" });
  } else if (cancelled.to >= lead.from) {
    const words = `must be shorter than the lead (${formatDuration(lead.from)}): afterwards there is nothing to take back`;
    found.push({ path, words });
  }
  if (written.via === "sigterm" || written.via === "both") {
    found.push({ path, words: `cannot be together with via: ${written.via}: a signal cannot be taken back` });
  }
  return found;
}

function ofAHibernation(written: WrittenInterruption, cloud: CloudName): readonly Impossibility[] {
  const hibernates = actionOf(written) === "hibernate";
  if (!hibernates && endsOf(written) === "hibernation") {
    return [{ path: ["action"], words: "must be hibernate with ends: hibernation" }];
  }
  if (!hibernates) return [];
  const found: Impossibility[] = [];
  if (cloud !== "aws") {
    const key = written.action === undefined ? "ends" : "action";
    found.push({ path: [key], words: `must be another: only aws hibernates, and the cloud is ${cloud}` });
  }
  if (typeof written.lead === "object" && written.lead.to > 0) {
    const words =
      "must be left out (or 0s, or none): hibernation begins with its notice, the two minutes do not come";
    found.push({ path: ["lead"], words });
  }
  return found;
}

function ofRandom({ random }: WrittenScenario, cloud: CloudName): readonly Impossibility[] {
  if (random === undefined) return [];
  const found: Impossibility[] = [];
  const add = (key: string | undefined, words: string): void => {
    found.push({ path: key === undefined ? ["random"] : ["random", key], words });
  };
  const { interruptions, every, between, first, leads } = random;
  if (interruptions === undefined && every === undefined)
    add(undefined, "needs interruptions: 3 or every: 2h");
  if (interruptions !== undefined && every !== undefined) {
    add(undefined, "has two measures: keep one of interruptions and every");
  }
  if (between !== undefined && interruptions === undefined) add("between", "needs interruptions: a number");
  if (between !== undefined && !(between[0] <= between[1] && between[1] < 1)) {
    add("between", "must begin with the smaller share and end below 100%");
  }
  if (first !== undefined && every === undefined) add("first", "needs every: a duration");
  if (leads !== undefined && Object.values(leads).every((weight) => (weight ?? 0) === 0)) {
    add("leads", "must have a number above 0, or no kind of notice could be drawn");
  }
  if ((random.rebalance ?? 0) > 0 && cloud !== "aws") {
    add("rebalance", `must be left out: only aws recommends a rebalance, and the cloud is ${cloud}`);
  }
  return found;
}
