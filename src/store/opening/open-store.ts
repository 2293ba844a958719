import { SpotproofError, systemClock, systemRandom, withTimeLimit } from "../../base/index.ts";
import type { OpenedStore } from "../opened-store.ts";
import type { Store } from "../store.ts";
import { limitStore } from "../wrappers/limit-store.ts";
import { Patience, retryCalls } from "../wrappers/retry-calls.ts";
import type { TracedCall } from "../wrappers/trace-calls.ts";
import { type OpenHow, STORE_DOORS, type StoreDoors, openDoor } from "./store-doors.ts";
import type { StoreLocation } from "./store-location.ts";

// The one place where stores are opened and the wrappers put around them. Who waits how long for a store that is away:
//
//   reading commands        each call, and the opening    10 s, then the command fails
//   `spotproof run`: opening                              60 s (not of a folder: what is missing there is missing)
//     protocol (claim, heartbeat, validity, outcome)      2 s in the call, then their own loops, which have deadlines
//     saves                                               as long as the save may last: until the command has ended
//                                                         and the deadline or the limit of the last save comes
//     the first save of all, restores                     60 s in the call, then the loop around them

/** A small call of the store that takes longer has hung. */
const CALL_LIMIT_MS = 60_000;

/** Some calls one after the other; a table or a schema may be made on the way. */
const OPEN_LIMIT_MS = 120_000;

/** So many calls that move data at once, where they go over a network. */
const USUAL_CONNECTIONS = 16;

/** How long somebody who looks into a store waits for it, in ms. */
const COMMAND_PATIENCE_MS = 10_000;

/** How long a store that is away is waited for before anything has begun, in ms: somebody may be watching. */
export const START_PATIENCE_MS = 60_000;

/** A hiccup is no trouble; what lasts is for the loops of the protocol, which have deadlines. */
const PROTOCOL_PATIENCE_MS = 2000;

const LONGEST_WAIT_MS = 5000;

/** Told once when the store does not answer, and once with undefined when it does again. */
export type OnTrouble = (error: SpotproofError | undefined) => void;

/** Limits that the user has set. */
export interface UserLimits {
  readonly uploadBytesPerSecond?: number | undefined;
  readonly connections?: number | undefined;
}

/** A store that is disturbed on purpose. */
export interface DisturbedStore {
  readonly store: Store;
  /** Who or what disturbs it, for messages. */
  readonly disturbedBy: string;
  /** A shorter limit for its calls, where time runs faster. */
  readonly callLimitMs?: number | undefined;
}

/** What `openStore` can be told. */
export interface OpenOptions {
  /** False for whoever wants to see each answer as it comes: of a create that is repeated nobody knows who has created. */
  readonly repeats?: boolean | undefined;
  readonly onTrouble?: OnTrouble | undefined;
  readonly doors?: StoreDoors | undefined;
}

/**
 * Opens the store for a command that looks into it or tidies it; `read` never creates anything. Its calls are repeated
 * for some seconds. Rejects with the signal's reason when it aborts.
 */
export async function openStore(
  location: StoreLocation,
  mode: "read" | "write",
  signal?: AbortSignal,
  { repeats = true, onTrouble, doors }: OpenOptions = {},
): Promise<OpenedStore> {
  const patience = new Patience({
    clock: systemClock,
    random: systemRandom,
    patienceMs: () => COMMAND_PATIENCE_MS,
    onTrouble,
  });
  const opened = await openPatiently(location, { mode, signal, connections: undefined, patience, doors });
  const connections = connectionsOf(location, undefined);
  const limited = limitStore(opened.store, systemClock, { callLimitMs: CALL_LIMIT_MS, connections });
  return { ...opened, store: repeats ? retryCalls(limited, patience) : limited };
}

/** The store of a running job. */
export interface JobStore extends OpenedStore {
  /** What disturbs it on purpose, if anything. */
  readonly disturbedBy: string | undefined;
  /** The same store for whoever can wait. All of its callers share one state of trouble. */
  waiting(patienceMs: () => number, onTrouble: OnTrouble): WaitingStore;
}

/** A store whose calls are repeated for long. */
export interface WaitingStore {
  readonly store: Store;
  /** For what is made of other calls. */
  readonly patience: Patience;
}

/** What `openJobStore` needs beside the location. */
export interface OpenJobOptions {
  readonly signal: AbortSignal;
  readonly limits?: UserLimits | undefined;
  /** Lifts the limit of bandwidth, for good. */
  readonly lifted?: AbortSignal | undefined;
  /** Of the opening; the calls have their own. */
  readonly onTrouble?: OnTrouble | undefined;
  readonly onCall?: ((call: TracedCall) => void) | undefined;
  /** Puts the faults of a rehearsal in front of the store that was opened, below every limit and repetition. */
  readonly disturb?: ((store: Store) => Promise<DisturbedStore>) | undefined;
  /** Small objects will be created by the thousand, as a program does that keeps each of its steps. Default false. */
  readonly manySmallWrites?: boolean | undefined;
  readonly doors?: StoreDoors | undefined;
}

/**
 * Opens the store of a job for writing. `store` is for the job's protocol, `waiting` for its data. Rejects with the
 * signal's reason when it aborts.
 */
export async function openJobStore(location: StoreLocation, options: OpenJobOptions): Promise<JobStore> {
  const { signal, limits, lifted, onTrouble, onCall, disturb, manySmallWrites, doors } = options;
  const patient = (patienceMs: () => number, told: OnTrouble | undefined, longestMs = LONGEST_WAIT_MS) =>
    new Patience({
      clock: systemClock,
      random: systemRandom,
      patienceMs,
      backoff: { firstMs: Math.min(200, longestMs), longestMs },
      onTrouble: told,
    });
  const opened = await openPatiently(location, {
    mode: "write",
    signal,
    connections: limits?.connections,
    patience: patient(() => START_PATIENCE_MS, onTrouble),
    manySmallWrites,
    doors,
  });
  const disturbed = await disturb?.(opened.store);
  const { callLimitMs = CALL_LIMIT_MS } = disturbed ?? {};
  const limited = limitStore(disturbed?.store ?? opened.store, systemClock, {
    callLimitMs,
    connections: connectionsOf(location, limits?.connections),
    uploadBytesPerSecond: limits?.uploadBytesPerSecond,
    lifted,
    onCall,
  });
  // Where time runs faster, as in a rehearsal, it does so here too.
  const speed = CALL_LIMIT_MS / callLimitMs;
  return {
    ...opened,
    store: retryCalls(
      limited,
      patient(() => PROTOCOL_PATIENCE_MS / speed, undefined, LONGEST_WAIT_MS / speed),
    ),
    disturbedBy: disturbed?.disturbedBy,
    waiting: (patienceMs, told) => {
      const patience = patient(patienceMs, told, LONGEST_WAIT_MS / speed);
      return { store: retryCalls(limited, patience), patience };
    },
  };
}

interface OpenPatiently {
  readonly mode: OpenHow["mode"];
  readonly signal: AbortSignal | undefined;
  readonly connections: number | undefined;
  readonly patience: Patience;
  readonly manySmallWrites?: boolean | undefined;
  readonly doors: StoreDoors | undefined;
}

/** What is not there on a file system of this machine will not come by itself; a server may. */
function openPatiently(location: StoreLocation, how: OpenPatiently): Promise<OpenedStore> {
  const { mode, connections, patience, manySmallWrites, doors = STORE_DOORS } = how;
  const [clock, random] = [systemClock, systemRandom];
  const open = (signal: AbortSignal | undefined): Promise<OpenedStore> =>
    openDoor(location, { mode, signal, clock, random, maxConnections: connections, manySmallWrites }, doors);
  if (location.kind === "folder" || location.kind === "sqlite") return open(how.signal);
  const reason = (): Error =>
    new SpotproofError(
      "store-unreachable",
      `The store (${location.kind}) could not be opened within ${OPEN_LIMIT_MS / 1000} s.`,
    );
  const limit = { clock, limitMs: OPEN_LIMIT_MS, reason, signal: how.signal };
  return patience.run("open the store", how.signal, () => withTimeLimit(limit, open));
}

function connectionsOf(location: StoreLocation, wanted: number | undefined): number | undefined {
  return wanted ?? (location.kind === "folder" ? undefined : USUAL_CONNECTIONS);
}
