import { WaitingSaves, createFolderSaver, restoreFolder, sweepingOnce } from "../../checkpoint/index.ts";
import type { Attempt } from "../../job/index.ts";
import {
  type DisturbedStore,
  type JobStore,
  START_PATIENCE_MS,
  type Store,
  openJobStore,
  requireLastingPlace,
} from "../../store/index.ts";
import type { FolderParts, SupervisorEvent } from "../../supervisor/index.ts";
import type { RunContext } from "./run.ts";

// The store of one run: where it lies, how it is opened, and how the saves wait for it.

/** How long closing the store may take, in ms: nothing depends on it any more. */
const CLOSE_LIMIT_MS = 1000;

/** Names a file that says how the store of `spotproof run` is to be disturbed. Set by rehearsals. */
const STORE_FAULTS_VARIABLE = "SPOTPROOF_REHEARSAL_STORE_FAULTS";

/**
 * Opens the store, and says where it is and what is odd about it; `signal` ends that, also when the store hangs.
 * @throws SpotproofError `store-volatile`, and as the store's own opening
 */
export async function openRunStore(context: RunContext, signal: AbortSignal): Promise<JobStore> {
  const { options, io, log, interruptions } = context;
  const { allowVolatileStore, store: location } = options;
  const { environment } = io;
  const place = await requireLastingPlace(location, { allowVolatileStore, environment }, signal);
  const lifted = new AbortController();
  interruptions.onChange(() => {
    if (interruptions.state().kind === "interrupted") lifted.abort();
  });
  const opened = await openJobStore(location, {
    disturb: disturbance(environment),
    signal,
    limits: options.storeLimits,
    lifted: lifted.signal,
    onTrouble: (error) => {
      if (error === undefined) log.info("store-well", "the store answers");
      else
        log.warn(
          "store-trouble",
          `the store cannot be opened yet; trying again for up to ${START_PATIENCE_MS / 1000} s: ${error.message}`,
        );
    },
    onCall: ({ kind, ...call }) => {
      const failed = call.outcome === "failed" || call.outcome === "given-up";
      const text = `${kind} ${call.key}: ${call.outcome}`;
      if (failed) log.event("store-call", { level: "debug", text }, { call: kind, ...call });
    },
  });
  const { store, caution, disturbedBy } = opened;
  if (disturbedBy !== undefined)
    log.warn(
      "store-disturbed",
      `THE STORE IS DISTURBED ON PURPOSE, as ${disturbedBy} says: for rehearsals only`,
    );
  if (place.advice !== undefined) log.warn("store-advice", place.advice);
  else
    log.info(
      "store-place",
      `the store is ${store.description}${place.words === undefined ? "" : `, ${place.words}`}`,
    );
  if (caution !== undefined) log.warn("store-caution", caution);
  return opened;
}

/** How the environment wants the store to be disturbed; undefined when it does not. */
function disturbance(
  environment: RunContext["io"]["environment"],
): ((store: Store) => Promise<DisturbedStore>) | undefined {
  const file = environment[STORE_FAULTS_VARIABLE];
  if (file === undefined || file === "") return undefined;
  return async (store) => {
    const { disturbByFile } = await import("../store-disturbance.ts");
    return { ...(await disturbByFile(store, file)), disturbedBy: `${STORE_FAULTS_VARIABLE}=${file}` };
  };
}

/** Lets go of the store, for as long as that is worth. What it says cannot change how the run has ended. */
export async function closeRunStore({ clock, log }: RunContext, store: JobStore): Promise<void> {
  const closed = new AbortController();
  const closing = store
    .close()
    .catch((error: unknown) => log.debug("store-not-closed", String(error)))
    .finally(() => closed.abort());
  await Promise.race([closing, clock.sleep(CLOSE_LIMIT_MS, closed.signal)]);
}

/** The watched folder and the engine behind it. `tell` hears when the store is away, and when it is back. */
export function folderParts(
  context: RunContext,
  opened: JobStore,
  attempt: Attempt,
  tell: (event: SupervisorEvent) => void,
): FolderParts | undefined {
  const { options, clock, log } = context;
  const { job, checkpointFolder: folder } = options;
  if (folder === undefined) return undefined;
  const saves = new WaitingSaves({ clock, startPatienceMs: START_PATIENCE_MS });
  const { store, patience } = opened.waiting(
    () => saves.patienceMs,
    (error) =>
      tell(error === undefined ? { kind: "store-well" } : { kind: "store-trouble", message: error.message }),
  );
  const asideName = `replaced-by-attempt-${attempt.number}`;
  return {
    path: folder,
    restore: (lineage, onSkipped, signal) => {
      saves.beginRestore();
      return restoreFolder({
        store,
        job,
        lineage,
        folder,
        onSkipped,
        signal,
        asideName,
        readsAtATime: opened.largeCallsAtATime,
      });
    },
    openSaver: (restored) => {
      const { lineage, number } = attempt;
      const saver = createFolderSaver({
        store,
        job,
        attempt: number,
        clock,
        folder,
        restored,
        lineage,
        packsAtATime: opened.largeCallsAtATime,
      });
      return sweepingOnce(saves.around(saver, patience), {
        sweep: (sweepOptions) => opened.sweep(sweepOptions),
        onNotSwept: (reason) =>
          log.warn("not-swept", `what dead writers left in the store could not be removed: ${reason}`),
      });
    },
  };
}
