import type { CloudName } from "./plan.ts";
import type { Range } from "./scenario.ts";
import type { WrittenInterruption } from "./schema/scenario-schema.ts";

/** What each cloud gives between the notice and the end of a Spot machine. */
const USUAL_LEAD_MS: Readonly<Record<CloudName, number>> = { aws: 120_000, gcp: 30_000, azure: 30_000 };

/** The cloud's usual lead. */
export function usualLead(cloud: CloudName): Range {
  return { from: USUAL_LEAD_MS[cloud], to: USUAL_LEAD_MS[cloud] };
}

/** What ends, also where nobody said it. */
export function endsOf(written: WrittenInterruption): NonNullable<WrittenInterruption["ends"]> {
  if (written.ends !== undefined) return written.ends;
  if (written["cancelled-after"] !== undefined || written.rebalance === "alone") return "nothing";
  return written.action === "hibernate" ? "hibernation" : "machine";
}

/** What is announced, also where nobody said it. */
export function actionOf(written: WrittenInterruption): NonNullable<WrittenInterruption["action"]> {
  return written.action ?? (endsOf(written) === "hibernation" ? "hibernate" : "terminate");
}

/** The lead, also where nobody said it; undefined: there is no notice. */
export function leadOf(written: WrittenInterruption, cloud: CloudName): Range | undefined {
  if (written.lead === "none" || written.rebalance === "alone") return undefined;
  if (written.lead !== undefined) return written.lead;
  if (actionOf(written) === "hibernate") return { from: 0, to: 0 };
  const ends = endsOf(written);
  const isWarning = ends === "nothing" && written["cancelled-after"] === undefined;
  return ends === "zombie" || isWarning ? undefined : usualLead(cloud);
}
