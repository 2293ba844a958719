import { type Clock, formatDuration } from "../../base/index.ts";
import type { ProbeArea } from "./probe-area.ts";
import { shortReason } from "./probe-area.ts";
import type { OpenedPlace } from "./place.ts";
import { type Finding, notChecked } from "./report.ts";

/** S3 and DynamoDB refuse what is signed by a clock that is further off (RequestTimeTooSkewed; AWS Signature Version 4). */
const SIGNATURES_REFUSED_MS = 15 * 60_000;
/** Linux gives a file the time of the kernel's last tick, which is at most so long ago. */
const TICK_MS = 10;
const NO_MATTER = "No promise of Spotproof depends on a clock";
const BUT_SIGNATURES = "only S3 and DynamoDB refuse requests that are signed by a clock more than 15 min off";

/** The difference between the store's clock and this machine's, where the store tells its own. */
export async function checkClocks(
  { store, writtenAt }: OpenedPlace,
  area: ProbeArea,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding> {
  if (writtenAt === undefined) {
    return notChecked(`This store does not tell its clock. ${NO_MATTER}; ${BUT_SIGNATURES}.`);
  }
  const key = area.key("clock");
  const beforeMs = clock.wallTime();
  await store.replace(key, [Buffer.from("x")], { signal });
  const afterMs = clock.wallTime();
  let writtenMs: number | undefined;
  try {
    writtenMs = await writtenAt(key, { signal });
  } catch (error) {
    signal.throwIfAborted();
    return notChecked(`The store did not tell its clock: ${shortReason(error)}. ${NO_MATTER}.`);
  }
  if (writtenMs === undefined) return notChecked(`The store did not tell its clock. ${NO_MATTER}.`);
  return describe(writtenMs, beforeMs, afterMs);
}

function describe(writtenMs: number, beforeMs: number, afterMs: number): Finding {
  const uncertaintyMs = TICK_MS + Math.ceil((afterMs - beforeMs) / 2);
  const differenceMs = Math.round(writtenMs - (beforeMs + afterMs) / 2);
  const isFar = Math.abs(differenceMs) > SIGNATURES_REFUSED_MS;
  const apart = formatDuration(Math.abs(differenceMs));
  const words = isFar
    ? `The store's clock is ${apart} ${differenceMs > 0 ? "ahead of" : "behind"} this machine's.`
    : `The store's clock and this machine's are ${apart} apart (measured to ${formatDuration(uncertaintyMs)}).`;
  return {
    verdict: isFar ? "warning" : "good",
    seen: [words, `${NO_MATTER}; ${BUT_SIGNATURES}.`],
    advice: isFar ? "Set this machine's clock (NTP), or the store's: one of them is wrong." : null,
    facts: { differenceMs, uncertaintyMs },
  };
}
