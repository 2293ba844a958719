import { seededRandom } from "../../src/base/index.ts";
import {
  type InspectionEnd,
  type InspectionOptions,
  inspectStore,
} from "../../src/store/inspect/inspect-store.ts";
import type { OpenedPlace } from "../../src/store/inspect/place.ts";
import { localRacer } from "../../src/store/inspect/racer.ts";
import type { Check, CheckId, StoreReport } from "../../src/store/inspect/report.ts";
import { prepareStore } from "../../src/store/prepare-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";

/** What a test may change. */
export type Setting = Partial<InspectionOptions> & {
  readonly opened?: Partial<OpenedPlace>;
  readonly prepared?: boolean;
};

/** Inspects a store with a clock that only moves when a store moves it. */
export function inspect(store: Store, clock: ManualClock, setting: Setting = {}): Promise<InspectionEnd> {
  const { opened, prepared = false, ...options } = setting;
  return inspectStore({
    place: {
      description: "memory",
      open: async (mode, signal) => ({
        store: prepared ? await prepareStore(store, { mode, signal }) : store,
        cautions: [],
        ...opened,
      }),
      startRacers: (count) =>
        Promise.resolve(Array.from({ length: count }, (_, n) => localRacer(`process ${n}`, store))),
    },
    clock,
    random: seededRandom(1),
    signal: new AbortController().signal,
    window: { windowMs: 120_000, usableMs: 85_000, stateBytes: undefined },
    heartbeat: { heartbeatMs: 10_000, leaseMs: 30_000 },
    measureMs: 0,
    onCheck: () => undefined,
    onWait: () => undefined,
    ...options,
  });
}

/** The report of an inspection that nobody stops. */
export async function reportOn(
  store: Store,
  setting: Setting = {},
  clock = manualClock(),
): Promise<StoreReport> {
  const end = await inspect(store, clock, setting);
  if (end.kind !== "inspected") throw new Error("it was stopped");
  return end.report;
}

/** One check of a report. */
export function checkOf(report: StoreReport, id: CheckId): Check {
  const check = report.checks.find((one) => one.id === id);
  if (check === undefined) throw new Error(`no check ${id}`);
  return check;
}

/** Every object of a store. */
export const keysOf = async (store: Store): Promise<readonly string[]> =>
  (await store.list("")).map(({ key }) => key);
