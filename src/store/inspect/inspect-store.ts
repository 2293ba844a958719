import { setMaxListeners } from "node:events";
import { type Clock, type Random, SpotproofError } from "../../base/index.ts";
import { abortable } from "../abortable.ts";
import type { Store, StoreKey } from "../store.ts";
import { limitCalls } from "../wrappers/limit-calls.ts";
import { checkClocks } from "./clocks.ts";
import { type HeartbeatTimes, checkHeartbeats } from "./heartbeats.ts";
import type { InspectedPlace, OpenedPlace } from "./place.ts";
import { ProbeArea, shortReason } from "./probe-area.ts";
import { type Pulse, removeDead, seeOthers, startPulse, tidying } from "./pulse.ts";
import { checkRaces } from "./races.ts";
import { openPlace } from "./reachable.ts";
import {
  CHECK_IDS,
  type Check,
  type CheckId,
  type EarlierProbes,
  type Finding,
  type StoreReport,
  notChecked,
  worstOf,
} from "./report.ts";
import { type Right, checkRights } from "./rights.ts";
import { checkSpeed } from "./speed.ts";
import type { SaveWindow } from "./window.ts";

// An inspection of a store: six checks, one after the other, none of which ends the others.
//   D1. It writes only objects of its own, beside the jobs, and removes them whatever happens; what stays is named.
//   D2. Every call has a limit, and every check begins no new ones after a while (E2).
//   D3. A check that could not be made is told as that: never as good.

/** A small call that takes longer has hung. */
const CALL_LIMIT_MS = 10_000;
/** A pack that takes longer has hung. */
const PACK_LIMIT_MS = 60_000;
const TIDY_LIMIT_MS = 30_000;

/** How a store is inspected. */
export interface InspectionOptions {
  readonly place: InspectedPlace;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the inspection; its objects are removed all the same. */
  readonly signal: AbortSignal;
  /** Ends the removing as well. */
  readonly hurry?: AbortSignal | undefined;
  readonly window: Omit<SaveWindow, "heartbeatMs">;
  readonly heartbeat: HeartbeatTimes;
  /** For how long packs are written at most; 0 = not at all. */
  readonly measureMs: number;
  /** Called with each check when it has ended. */
  readonly onCheck: (check: Check) => void;
  /** Called when it is waited for so long, in ms, to tell whether another inspection lives, whose objects are there. */
  readonly onWait: (waitMs: number) => void;
}

/** How an inspection ended. */
export type InspectionEnd =
  | { readonly kind: "inspected"; readonly report: StoreReport }
  | { readonly kind: "stopped"; readonly leftBehind: readonly StoreKey[] };

/** Everything that the checks of an opened store share. */
interface Inspection extends InspectionOptions {
  readonly opened: OpenedPlace;
  /** For small calls. */
  readonly store: Store;
  /** For packs. */
  readonly packStore: Store;
  readonly area: ProbeArea;
  readonly check: (id: CheckId, work: () => Promise<Finding>) => Promise<Finding>;
}

/** Inspects a store. Rejects only with what is a mistake of this program. */
export async function inspectStore(options: InspectionOptions): Promise<InspectionEnd> {
  const { clock, hurry, place, signal } = options;
  // A listener for each call that is under way: Node takes more than ten for a leak.
  setMaxListeners(0, signal, ...(hurry === undefined ? [] : [hurry]));
  const checks: Check[] = [];
  const note = (id: CheckId, finding: Finding): void => {
    const { verdict, seen, advice, facts } = finding;
    const check = { id, verdict, seen, advice, facts };
    checks.push(check);
    options.onCheck(check);
  };
  const reportOf = (about: Omit<StoreReport, "verdict" | "checks" | "format">): InspectionEnd => {
    const verdict = worstOf({ ...about, checks });
    return { kind: "inspected", report: { format: 1, verdict, ...about, checks } };
  };
  try {
    const { opened, finding } = await openPlace(place, clock, CALL_LIMIT_MS, signal);
    note("reachable", finding);
    if (opened === undefined) {
      for (const id of CHECK_IDS.slice(1)) note(id, notChecked("The store could not be opened."));
      const about = { store: place.description, place: null, cautions: [], leftBehind: [] };
      return reportOf({ ...about, earlier: NOTHING_EARLIER });
    }
    const check = async (id: CheckId, work: () => Promise<Finding>): Promise<Finding> => {
      const found = await guarded(work, signal);
      note(id, found);
      return found;
    };
    const inspection = { ...options, opened, check, ...limitsOf(opened, clock) };
    const { leftBehind, earlier } = await inspectOpened(inspection);
    if (signal.aborted) return { kind: "stopped", leftBehind };
    const { cautions, place: where = null, store } = opened;
    return reportOf({ store: store.description, place: where, cautions, leftBehind, earlier });
  } catch (error) {
    if (!signal.aborted) throw error;
    return { kind: "stopped", leftBehind: [] };
  }
}

const NOTHING_EARLIER: EarlierProbes = { removed: 0, left: [], alive: 0 };

function limitsOf({ store }: OpenedPlace, clock: Clock): Pick<Inspection, "area" | "store" | "packStore"> {
  return {
    area: new ProbeArea(),
    store: limitCalls(store, clock, CALL_LIMIT_MS),
    packStore: limitCalls(store, clock, PACK_LIMIT_MS),
  };
}

async function inspectOpened(
  inspection: Inspection,
): Promise<{ readonly leftBehind: readonly StoreKey[]; readonly earlier: EarlierProbes }> {
  const { area, clock, hurry, signal, store } = inspection;
  // Without the right to list there is nothing to be seen of others, and the check of rights says so.
  const seen = await seeOthers(store, area, clock, signal).catch(() => ({
    atMs: clock.now(),
    marks: new Map<string, string>(),
  }));
  const pulse = startPulse(store, area, clock);
  let earlier = NOTHING_EARLIER;
  let failure: unknown;
  try {
    await makeChecks(inspection, pulse);
    // What others have left is no business of the checks: it is looked at again by the next inspection.
    earlier = await removeDead(seen, inspection).catch(() => NOTHING_EARLIER);
  } catch (error) {
    failure = error;
  }
  const leftBehind = await tidyUp(inspection, pulse, hurry);
  await closeInTime(inspection);
  if (failure !== undefined && !signal.aborted) throw failure;
  return { leftBehind, earlier };
}

/** Removes everything of this inspection, also when it was stopped (D1). */
async function tidyUp(
  { area, clock, store }: Inspection,
  pulse: Pulse,
  hurry: AbortSignal | undefined,
): Promise<readonly StoreKey[]> {
  await pulse.stop();
  try {
    return await tidying(clock, TIDY_LIMIT_MS, hurry, (limited) => area.clear(store, { signal: limited }));
  } catch {
    // The time is over, or nobody wants to wait for it: whatever was written may be there.
    return area.mayBeThere();
  }
}

/** What cannot be let go of in time ends with the process. */
async function closeInTime({ clock, hurry, opened }: Inspection): Promise<void> {
  const close = async (): Promise<void> => opened.close?.();
  await tidying(clock, CALL_LIMIT_MS, hurry, (limited) => abortable(limited, close)).catch(() => undefined);
}

async function makeChecks(inspection: Inspection, pulse: Pulse): Promise<void> {
  const { area, check, clock, heartbeat, opened, place, packStore, signal, store } = inspection;
  let granted: ReadonlySet<Right> = new Set();
  await check("rights", async () => {
    const found = await checkRights(store, area, signal);
    granted = found.granted;
    return found;
  });
  const needing = (needed: readonly Right[], work: () => Promise<Finding>): (() => Promise<Finding>) => {
    const missing = needed.filter((right) => !granted.has(right));
    const why = `It needs the right to ${missing.join(", ")}.`;
    return missing.length === 0 ? work : () => Promise.resolve(notChecked(why));
  };
  const limited = (some: Store): Store => limitCalls(some, clock, CALL_LIMIT_MS);
  await check(
    "create-if-absent",
    needing(["create", "read"], () => checkRaces({ place, store, area, clock, signal, limited })),
  );
  await check(
    "clocks",
    needing(["replace"], () => checkClocks({ ...opened, store }, area, clock, signal)),
  );
  let smallWriteMs = 0;
  await check(
    "heartbeat",
    needing(["replace"], async () => {
      const found = await checkHeartbeats(store, area, clock, heartbeat, signal);
      smallWriteMs = found.middleMs ?? 0;
      return found;
    }),
  );
  const window: SaveWindow = { ...inspection.window, heartbeatMs: heartbeat.heartbeatMs };
  await check(
    "speed",
    // Without the right to remove, hundreds of megabytes would stay.
    needing(["create", "read", "remove"], () =>
      checkSpeed({ ...inspection, store: packStore, pulse, window, smallWriteMs }),
    ),
  );
}

/** A check that throws, or takes too long, has found something bad; only the user's own stop ends all (D2, D3). */
async function guarded(work: () => Promise<Finding>, signal: AbortSignal): Promise<Finding> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SpotproofError && error.code === "internal") throw error;
    return {
      verdict: "bad",
      seen: [`It could not be finished: ${shortReason(error)}`],
      advice: error instanceof SpotproofError ? error.entry.advice : "Look at the reason, and try again.",
      facts: {},
    };
  }
}
