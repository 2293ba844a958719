import { type Clock, withTimeLimit } from "../../base/index.ts";
import type { Store, StoreKey } from "../store.ts";
import type { EarlierProbes } from "./report.ts";
import { type ProbeArea, inspectionOf, othersListed, removeAll } from "./probe-area.ts";

// An inspection that lives rewrites its pulse, as an attempt does its heartbeat. What another one left is removed only when
// nothing of it has changed for a while by our own monotonic clock: then whoever made it was killed.

const PULSE_MS = 1000;
/** What has not changed for so long belongs to nobody any more. */
const SILENT_FOR_MS = 15_000;
const PULSE_NAME = "pulse";

/** The pulse of this inspection. */
export interface Pulse {
  /** How long each of its writes took since the last call of this, in ms. */
  takeDurations(): readonly number[];
  /** Resolves when no write of it is under way any more. */
  stop(): Promise<void>;
}

/** Begins to rewrite the pulse. Writes that fail are left out: whether one may replace is another check's business. */
export function startPulse(store: Store, area: ProbeArea, clock: Clock): Pulse {
  const stopping = new AbortController();
  const key = area.key(PULSE_NAME);
  let durations: number[] = [];
  const beating = (async () => {
    for (let beat = 1; !stopping.signal.aborted; beat += 1) {
      const beganMs = clock.now();
      const result = await Promise.allSettled([store.replace(key, [Buffer.from(String(beat))])]);
      if (result[0].status === "fulfilled") durations.push(clock.now() - beganMs);
      await clock.sleep(PULSE_MS, stopping.signal);
    }
  })();
  return {
    takeDurations() {
      const taken = durations;
      durations = [];
      return taken;
    },
    async stop() {
      stopping.abort();
      await beating;
    },
  };
}

/** What other inspections had in the store at one moment. */
export interface SeenOthers {
  readonly atMs: number;
  /** By the inspection's id: something that changes whenever it does anything. */
  readonly marks: ReadonlyMap<string, string>;
}

/** Looks what other inspections have in the store. */
export async function seeOthers(
  store: Store,
  area: ProbeArea,
  clock: Clock,
  signal?: AbortSignal,
): Promise<SeenOthers> {
  const marks = new Map<string, string>();
  for (const [id, objects] of await othersListed(store, area.id, { signal })) {
    const pulse = objects.find(({ key }) => key.endsWith(`.${PULSE_NAME}`))?.key;
    const beat = pulse === undefined ? "" : ((await store.read(pulse, { signal }))?.toString() ?? "");
    marks.set(id, JSON.stringify([beat, ...objects.map(({ key, sizeBytes }) => [key, sizeBytes])]));
  }
  return { atMs: clock.now(), marks };
}

/** What removing the objects of others needs. */
export interface RemovingParts {
  readonly store: Store;
  readonly area: ProbeArea;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when it is waited for so long, in ms, to tell whether another inspection lives. */
  readonly onWait: (waitMs: number) => void;
}

/** Removes what is there of inspections that have not moved since they were seen; waits a little if that was just now. */
export async function removeDead(
  seen: SeenOthers,
  { store, area, clock, signal, onWait }: RemovingParts,
): Promise<EarlierProbes> {
  if (seen.marks.size === 0) return { removed: 0, left: [], alive: 0 };
  let now = await seeOthers(store, area, clock, signal);
  if ([...seen.marks].some(([id, mark]) => now.marks.get(id) === mark)) {
    const waitMs = seen.atMs + SILENT_FOR_MS - clock.now();
    if (waitMs > 0) onWait(waitMs);
    await clock.sleep(waitMs, signal);
    signal.throwIfAborted();
    now = await seeOthers(store, area, clock, signal);
  }
  const isDead = (id: string | undefined): boolean =>
    id !== undefined && seen.marks.has(id) && seen.marks.get(id) === now.marks.get(id);
  const objects = await othersListed(store, area.id, { signal });
  const dead = [...objects.values()]
    .flat()
    .map(({ key }) => key)
    .filter((key) => isDead(inspectionOf(key)));
  const left: readonly StoreKey[] = await removeAll(store, dead, { signal });
  const alive = [...objects.keys()].filter((id) => !isDead(id)).length;
  return { removed: dead.length - left.length, left, alive };
}

/** Does `work` with a limit and a signal of its own: what tidies up must not be ended by what has ended the rest. */
export function tidying<Result>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const reason = (): Error => new Error(`not done within ${limitMs / 1000} s`);
  return withTimeLimit({ clock, limitMs, reason, signal }, work);
}
